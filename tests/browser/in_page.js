// What the tests ask of a page of JupyterLab. It is there before JupyterLab itself.
window.labPage = {
  get app() {
    return window.jupyterapp;
  },

  get panel() {
    return this.app?.shell.currentWidget;
  },

  // The indicator of the status says idle too early: it has to be connected as well.
  ready() {
    const context = this.panel?.sessionContext;
    const kernel = context?.session?.kernel;
    return Boolean(context?.isReady && kernel?.status === "idle" && kernel.connectionStatus === "connected");
  },

  async run(command, options) {
    await this.app.commands.execute(command, options);
  },

  // Runs all cells as soon as that is possible, while the tests look at something else.
  runAllWhenReady() {
    if (!this.ready()) {
      setTimeout(() => this.runAllWhenReady(), 50);
      return;
    }
    const { path } = this.panel.context;
    this.haveBegun.add(path);
    this.run("notebook:run-all-cells").then(() => this.haveEnded.add(path));
  },

  haveBegun: new Set(),
  haveEnded: new Set(),

  // Whether the cells of the notebook in front have begun to run.
  begun() {
    return this.haveBegun.has(this.panel?.context?.path);
  },

  // Whether all cells of the notebook in front have run.
  ended() {
    return this.haveEnded.has(this.panel?.context?.path);
  },

  // Closes the notebook in front, and asks nobody whether to store it. Its kernel stays.
  leave() {
    this.panel.dispose();
  },

  // From now on, whether the kernel in front was restarted.
  watchRestart() {
    this.restarted = false;
    let gone = false;
    this.panel.sessionContext.statusChanged.connect((_, status) => {
      gone ||= status === "restarting";
      this.restarted ||= gone && status === "idle";
    });
  },

  get active() {
    return this.panel.content.activeCell.model.id;
  },

  get cells() {
    return this.panel.content.widgets;
  },

  cell(id) {
    return this.cells.find((cell) => cell.model.id === id);
  },

  // The id of the cell that an element lies in.
  cellOf(element) {
    return this.cells.find(({ node }) => node.contains(element)).model.id;
  },

  select(id) {
    this.panel.content.activeCellIndex = this.cells.findIndex((cell) => cell.model.id === id);
    this.panel.content.mode = "command";
    this.panel.content.activate();
  },

  // Of each code cell: its id, its number, its source and what it shows.
  codeCells() {
    return this.cells
      .map((cell) => cell.model)
      .filter((model) => model.type === "code")
      .map((model) => ({
        id: model.id,
        count: model.executionCount,
        source: model.sharedModel.getSource(),
        outputs: model.outputs.toJSON(),
      }));
  },

  // The controls of the widget below a cell, by their labels, with what each of them says that it is set to.
  controls(id) {
    return boxes(this.cell(id)).map((box) => {
      const label = box.querySelector(".widget-label").textContent;
      return { label, ...describe(box.querySelector(CONTROL)) };
    });
  },

  // Which control of the widget below a cell has the focus, by its place; -1 where none has.
  focused(id) {
    return boxes(this.cell(id)).findIndex((box) => box.querySelector(CONTROL) === document.activeElement);
  },

  inWidget(id) {
    return Boolean(document.activeElement.closest(".jupyter-widgets")) && this.cell(id).node.contains(document.activeElement);
  },

  answer(id) {
    return this.cell(id).node.querySelector(".lab-answer .widget-html-content").textContent;
  },

  // What a screen reader is told of it.
  announced(id) {
    return this.cell(id).node.querySelector(".jupyter-widgets [role=alert]").textContent;
  },

  outputText(id) {
    return [...this.cell(id).node.querySelectorAll(".jp-OutputArea-output")]
      .map((output) => output.innerText)
      .join("\n");
  },

  // Whether a theme is there: its name comes before its colours, and a curtain hides all until it is there.
  hasTheme(name) {
    const { jpThemeName, jpThemeLight } = document.body.dataset;
    const [ground, text] = ["backgroundColor", "color"].map((what) => brightness(getComputedStyle(this.panel.node)[what]));
    const curtain = document.querySelector("#jupyterlab-splash");
    return !curtain && jpThemeName === name && ground > text === (jpThemeLight === "true");
  },

  // But for JupyterLab's own margins.
  isAsWideAs(window) {
    const { clientWidth } = document.querySelector(".jp-Notebook");
    return clientWidth <= window && clientWidth > window - 80;
  },

  openDetails() {
    for (const details of document.querySelectorAll(".jp-Notebook details")) {
      details.open = true;
    }
  },
};

const CONTROL = "select, input, [role=slider]";

// The answer has such a box as well, without a control.
function boxes(cell) {
  const all = [...cell.node.querySelectorAll(".widget-inline-hbox")];
  return all.filter((box) => box.querySelector(CONTROL));
}

function describe(control) {
  if (control.matches("select")) {
    const options = [...control.options].map((option) => option.text);
    return { kind: "list", value: control.selectedOptions[0].text, options };
  }
  if (control.matches("[role=slider]")) {
    return { kind: "slider", value: String(Number(control.getAttribute("aria-valuenow"))), options: null };
  }
  return { kind: control.type, value: control.value, options: null };
}

function brightness(colour) {
  return colour
    .match(/[\d.]+/g)
    .slice(0, 3)
    .reduce((sum, part) => sum + Number(part), 0);
}
