"""python -m attnbench [-m] COMMAND [key=value ...]"""

from attnbench.cli.main import main

if __name__ == "__main__":
    main()
