// What of ours is cut off where nobody can scroll to it, and what lies on top of something else.
window.labLayout = {
  OURS: ".jp-RenderedHTMLCommon, .jp-OutputArea-output",

  // Pieces of text and pictures, as they are on the page: what, where, and in which element.
  pieces() {
    const found = [];
    for (const ours of document.querySelectorAll(this.OURS)) {
      if (ours.parentElement.closest(this.OURS)) {
        continue;
      }
      for (const image of ours.querySelectorAll("img, svg")) {
        found.push({ ours, element: image, what: image.alt || "a picture", box: image.getBoundingClientRect() });
      }
      const walker = document.createTreeWalker(ours, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        found.push(...this.lines(ours, walker.currentNode));
      }
    }
    return found;
  },

  lines(ours, node) {
    const text = node.textContent.trim();
    // What is in a picture is part of it. The options of a list are drawn by the browser.
    if (!text || node.parentElement.closest("svg, option, script, style") || !node.parentElement.checkVisibility()) {
      return [];
    }
    const range = document.createRange();
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()].filter((box) => box.width > 1 && box.height > 1);
    // Words for a screen reader alone are in a box of a pixel.
    if (node.parentElement.getBoundingClientRect().width <= 2) {
      return [];
    }
    return boxes.map((box) => ({ ours, element: node.parentElement, what: text, box }));
  },

  // Texts whose end nobody can see.
  cut() {
    const pieces = this.pieces().filter((piece) => this.isCut(piece)).map((piece) => piece.what);
    return [...new Set([...pieces, ...this.lists()])];
  },

  // Whether a box around it hides a part of it, inside of the nearest box that scrolls that way.
  isCut({ element, box }) {
    const sides = (edge) => Math.max(box.right - edge.right, edge.left - box.left);
    const ends = (edge) => Math.max(box.bottom - edge.bottom, edge.top - box.top);
    return this.hides(element, "overflowX", sides) || this.hides(element, "overflowY", ends);
  },

  hides(element, way, beyond) {
    for (let outer = element; outer && !outer.matches(".jp-Notebook"); outer = outer.parentElement) {
      const flow = getComputedStyle(outer)[way];
      if (flow !== "visible" && beyond(outer.getBoundingClientRect()) > 2) {
        return flow === "hidden" || flow === "clip";
      }
    }
    return false;
  },

  // Lists that are narrower than an option of theirs.
  lists() {
    const canvas = document.createElement("canvas").getContext("2d");
    const narrow = [...document.querySelectorAll(".jp-OutputArea-output select")].filter((list) => {
      canvas.font = getComputedStyle(list).font;
      const widest = Math.max(...[...list.options].map((option) => canvas.measureText(option.text).width));
      return widest > list.clientWidth;
    });
    return narrow.map((list) => `the list ${list.labels[0]?.textContent}`);
  },

  // Pairs of pieces of one output or of one text that lie on one another.
  overlapping() {
    const found = [];
    const groups = Map.groupBy(this.pieces(), (piece) => piece.ours);
    for (const pieces of groups.values()) {
      pieces.sort((one, other) => one.box.top - other.box.top);
      pieces.forEach((one, place) => {
        for (const other of pieces.slice(place + 1)) {
          if (other.box.top > one.box.bottom) {
            break;
          }
          if (this.overlap(one.box, other.box) && !one.element.contains(other.element) && this.shown(one, other)) {
            found.push(`${one.what} / ${other.what}`);
          }
        }
      });
    }
    return found;
  },

  // Lines may touch: a letter's box is higher than the letter.
  overlap(one, other) {
    const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
    const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
    return wide > 2 && high > 0.4 * Math.min(one.height, other.height);
  },

  // What has scrolled out of its box does not lie on what is beside the box.
  shown(...pieces) {
    return pieces.every(({ element, box }) => {
      const middle = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
      for (let outer = element; outer && !outer.matches(".jp-Notebook"); outer = outer.parentElement) {
        const edge = outer.getBoundingClientRect();
        const inside = middle[0] >= edge.left && middle[0] <= edge.right && middle[1] >= edge.top && middle[1] <= edge.bottom;
        if (getComputedStyle(outer).overflowX !== "visible" && !inside) {
          return false;
        }
      }
      return true;
    });
  },
};
