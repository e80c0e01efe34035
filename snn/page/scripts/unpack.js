// Large parts of the page, which are compressed: see packed.py.

// The text of an element, unpacked if it is packed.
async function textOf(node) {
  if (node.dataset.packed === undefined) return node.textContent;
  const bytes = Uint8Array.from(atob(node.textContent.trim()), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
}

// Calls `action` once, when an element is near to what is seen.
function whenNear(node, action) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    action();
  }, { rootMargin: "400px" });
  observer.observe(node);
}
