// Shows the findings of one cause, or all of them.
const buttons = [...document.querySelectorAll("button[data-show]")];
for (const button of buttons) {
  button.addEventListener("click", () => {
    const cause = button.dataset.show;
    for (const one of document.querySelectorAll("article")) one.hidden = cause !== "" && one.dataset.cause !== cause;
    for (const claim of document.querySelectorAll("section.claim")) claim.hidden = !claim.querySelector("article:not([hidden])");
    for (const other of buttons) if (other.dataset.show === "") other.hidden = cause === "";
  });
}
