"use strict";
// Without a clipboard (plain http, older browsers) the buttons stay hidden; the texts can be selected.
if (navigator.clipboard) {
  const status = document.getElementById("status");
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const text = document.getElementById(button.dataset.copy).textContent;
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
        status.textContent = "Copied to the clipboard.";
      } catch {
        button.textContent = "Select and copy";
        status.textContent = "The browser does not allow copying; select the text.";
      }
    });
  }
}
