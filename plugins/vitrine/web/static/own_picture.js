// A picture of one's own: dropped or pasted anywhere on the page. It is sent only when the button says so.

const field = document.querySelector("input[name=picture]");

function take(files) {
  const images = [...files].filter((file) => file.type.startsWith("image/"));
  if (!images.length) return;
  const one = new DataTransfer();
  one.items.add(images[0]);
  field.files = one.files;
  field.dispatchEvent(new Event("change"));
}

if (field) {
  const place = field.closest("details");
  const send = place.querySelector("button");
  const most = Number(field.dataset.mostBytes);
  const show = () => {
    const file = field.files[0];
    const tooLarge = file && file.size > most;
    field.setCustomValidity(tooLarge ? `This picture has more than ${most / 2 ** 20} MiB.` : "");
    send.disabled = !file;
    if (!file) return;
    Object.assign(field.form, { method: "post", enctype: "multipart/form-data" });
    place.open = true;
    if (tooLarge) field.reportValidity();
    else send.focus();
  };
  field.addEventListener("change", show);
  show();
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    place.open = true;
    place.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || place.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    place.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => take(event.clipboardData.files));
}
