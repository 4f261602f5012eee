// The data of the viewer: all weights, unpacked, and those of one sentence.

// The bytes of all weights, and where those of each run and sentence begin.
async function unpack(data) {
  const packed = Uint8Array.from(atob(data.weights), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let offset = 0;
  for (const run of data.runs) {
    run.shown = run.shown.map(([sentence, layers, heads, translation]) => {
      const { source, target } = data.sentences[sentence];
      const size = source.length * target.length;
      const entry = { sentence, layers, heads, translation, size, offset };
      offset += (layers * heads + 1) * size;
      return entry;
    });
  }
  return bytes;
}

// Weights of a layer and a head, either of which may be "mean"; null if the run has no attention.
function attention(bytes, { layers, heads, size, offset }, layer, head) {
  if (!layers) return null;
  const weights = new Float32Array(size);
  let count = 0;
  for (let l = 0; l < layers; l++) {
    for (let h = 0; h < heads; h++) {
      if ((layer !== "mean" && Number(layer) !== l + 1) || (head !== "mean" && Number(head) !== h + 1)) continue;
      const start = offset + (l * heads + h) * size;
      for (let i = 0; i < size; i++) weights[i] += bytes[start + i] / 255;
      count++;
    }
  }
  return weights.map((weight) => weight / count);
}

function implicit(bytes, { layers, heads, size, offset }) {
  const start = offset + layers * heads * size;
  return Float32Array.from(bytes.subarray(start, start + size), (byte) => byte / 255);
}
