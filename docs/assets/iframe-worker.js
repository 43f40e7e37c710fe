// Opened from a folder, a browser refuses the worker that the search runs in. There this class takes its
// place: the worker's script runs in a hidden frame, and messages go to and fro.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.documentElement.append(frame);
      this.inner = frame.contentWindow;
      this.inner.postMessage = (data) => this.tell(this, data);
      this.inner.importScripts = (...addresses) => addresses.reduce(
        (before, next) => before.then(() => this.load(next)), Promise.resolve());
      this.loaded = this.load(address);
    }
    load(address) {
      return new Promise((done, failed) => {
        const script = this.inner.document.createElement("script");
        script.src = new URL(address, location.href);
        script.onload = done;
        script.onerror = failed;
        this.inner.document.documentElement.append(script);
      });
    }
    tell(target, data) {
      const message = new MessageEvent("message", {data});
      target.dispatchEvent(message);
      if (target === this && this.onmessage) this.onmessage(message);
    }
    postMessage(data) {
      this.loaded.then(() => this.tell(this.inner, data));
    }
    terminate() {
      this.inner.frameElement.remove();
    }
  };
}
