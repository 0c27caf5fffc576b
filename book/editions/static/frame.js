// The search runs in a worker, and a page that was opened as a file may not start one. There, a
// hidden frame takes its place.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(script) {
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.srcdoc =
        "<script>postMessage = (data) => parent.postMessage(data, '*')</script>" +
        `<script src="${script}"></script>`;
      this.loaded = new Promise((resolve) => this.frame.addEventListener("load", resolve));
      this.listen = (event) => {
        if (event.source === this.frame.contentWindow) this.onmessage?.(event);
      };
      addEventListener("message", this.listen);
      document.body.append(this.frame);
    }

    async postMessage(data) {
      const message = { data: structuredClone(data) }; // the search changes what it gets
      await this.loaded;
      this.frame.contentWindow.dispatchEvent(new MessageEvent("message", message));
    }

    terminate() {
      removeEventListener("message", this.listen);
      this.frame.remove();
    }
  };
}
