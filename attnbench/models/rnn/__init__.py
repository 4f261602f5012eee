"""The recurrent encoder-decoder, without attention and with that of Bahdanau and Luong."""

from attnbench.models.rnn.rnn import RNN as RNN
