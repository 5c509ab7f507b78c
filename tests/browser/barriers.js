// What axe-core finds in our own part of the page.
window.labBarriers = {
  // Rendered prose, outputs and widgets. The rest of the page is JupyterLab's.
  OURS: [[".jp-RenderedHTMLCommon"], [".jp-OutputArea-output"]],

  // No rule is off. Rules about a whole page (its title, its landmarks, one main heading) do not apply to a part
  // of it: axe leaves them out by itself. "moderate" and "minor" are told to nobody here.
  WORST: ["serious", "critical"],

  // All of them, or only those that another theme may bring.
  async find(ofColour) {
    labPage.openDetails();
    // JupyterLab's body is of no height and hides what is beyond it. For axe all is hidden then, and it looks
    // at no contrast at all.
    document.body.style.minHeight = "100vh";
    // Axe would write down the place of whatever is right, too.
    const options = { resultTypes: ["violations", "incomplete", "passes"], elementRef: true, selectors: false };
    if (ofColour) {
      options.runOnly = { type: "rule", values: this.ofColour() };
    }
    const { violations, incomplete, passes } = await axe.run({ include: this.OURS }, options);
    const found = this.nodes(violations).filter((node) => this.WORST.includes(node.impact) && !this.isJupyterLabs(node));
    const unsure = this.nodes(incomplete).filter((node) => this.isOnPicture(node));
    const told = [...found, ...unsure].map((node) => this.told(node));
    return [...told, ...this.wordless(), ...this.unseen([violations, passes], incomplete)];
  },

  // A theme has no more than colours of its own. What axe leaves out by itself, for being asked by AAA alone,
  // stays out.
  ofColour() {
    const rules = axe.getRules(["cat.color"]).filter(({ tags }) => !tags.includes("wcag2aaa"));
    return rules.map(({ ruleId }) => ruleId);
  },

  // Something lies on the page, and axe cannot see through it. A few are cut by the edge of the window.
  unseen(decided, undecided) {
    const [known, unknown] = [decided.flat(), undecided].map(
      (rules) => this.nodes(rules).filter((node) => node.rule === "color-contrast").length,
    );
    return known > 2 * unknown ? [] : [`axe could tell ${known} contrasts, and ${unknown} not`];
  },

  nodes(rules) {
    return rules.flatMap((rule) => rule.nodes.map((node) => ({ ...node, rule: rule.id })));
  },

  // That a link in prose has no line below it is JupyterLab's stylesheet, which a notebook cannot change.
  isJupyterLabs({ rule, element }) {
    return rule === "link-in-text-block" && element.closest(".jp-RenderedMarkdown");
  },

  // Axe cannot tell the contrast of a text on a picture: somebody has to look. The picture of a list is its
  // arrow. Nor can axe tell what is below a button of JupyterLab's, but that goes away.
  isOnPicture({ rule, any, element }) {
    const keys = any.map((check) => check.data?.messageKey);
    const picture = keys.some((key) => ["bgImage", "bgGradient", "imgNode"].includes(key));
    return rule === "color-contrast" && picture && !element.matches("select");
  },

  // JupyterLab gives the word "Image" to a picture that comes without any, and axe takes it for one.
  wordless() {
    const images = [...document.querySelectorAll(".jp-OutputArea-output img[alt=Image]")];
    return images.map((image) => `a picture without words: ${image.outerHTML.slice(0, 300)}`);
  },

  told({ rule, element, html, any, all, none }) {
    const why = [...any, ...all, ...none].map((check) => check.message).join("; ");
    return `${rule}: ${why} In ${labPage.cellOf(element)}: ${html.slice(0, 300)}`;
  },
};
