// A picture, enlarged: PhotoSwipe, with what is known of the picture below it. Without this script the link shows it alone.

import { copy } from "./common.js";
import { more } from "./more.js";

const PHOTOSWIPE = "./vendor/photoswipe/photoswipe.esm.min.js";
const ENLARGED_PIXELS = 1600; // as thumbnails.py makes them
const MOST_ZOOM = 2; // of a small picture that is made to fit: more would look blurred
const ANIMATION_MILLISECONDS = 150;
const NEAR_THE_END = 6;
const MISSING = "No picture: gone from the bucket, too large, or not an image.";

let list;
let open = null;

const all = () => [...list.querySelectorAll("li[data-uri]")];

export function prepare(pictures) {
  list = pictures;
  list.addEventListener("click", (event) => {
    const link = event.target.closest("a.picture");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    enlarge(link.closest("li"));
  });
  window.addEventListener("popstate", () => {
    if (open && !history.state?.enlarged) open.close();
    else if (!open) enlargeWhatHistorySays();
  });
}

// After a reload, or back from another page: what was enlarged is again.
export function enlargeWhatHistorySays() {
  const uri = history.state?.enlarged;
  const picture = uri && all().find(({ dataset }) => dataset.uri === uri);
  if (picture) enlarge(picture);
}

async function enlarge(picture) {
  const { default: PhotoSwipe } = await import(PHOTOSWIPE);
  if (open) return;
  if (!history.state?.enlarged) history.pushState({ ...history.state, enlarged: picture.dataset.uri }, "");
  const box = new PhotoSwipe({
    index: all().indexOf(picture),
    loop: false,
    bgOpacity: 1,
    showHideAnimationType: "fade",
    showAnimationDuration: ANIMATION_MILLISECONDS, // until then it does not listen to keys
    hideAnimationDuration: ANIMATION_MILLISECONDS,
    wheelToZoom: true,
    errorMsg: MISSING,
    closeTitle: "Close (Esc)",
    arrowPrevTitle: "Previous",
    arrowNextTitle: "Next",
    zoomTitle: "Zoom",
    paddingFn: () => ({ top: 48, right: 0, left: 0, bottom: about?.offsetHeight ?? 0 }),
  });
  open = box;
  let about = null;
  box.addFilter("numItems", () => all().length);
  box.addFilter("itemData", (_, index) => slide(all()[index]));
  box.on("uiRegister", () => {
    const append = (element) => {
      element.append(document.getElementById("about").content.cloneNode(true));
      about = element.firstElementChild;
      about.querySelector(".copy").addEventListener("click", ({ target }) => copy(shown().dataset.uri, target));
    };
    box.ui.registerElement({ name: "known", appendTo: "root", className: "pswp__hide-on-close", onInit: append });
  });
  const shown = () => all()[box.currIndex];
  box.on("change", () => {
    describe(about, shown());
    history.replaceState({ ...history.state, enlarged: shown().dataset.uri }, "");
    if (box.currIndex > all().length - NEAR_THE_END) more();
  });
  box.on("firstUpdate", () => box.element.setAttribute("aria-label", "Enlarged picture"));
  box.on("zoomLevelsUpdate", ({ zoomLevels }) => {
    const { panAreaSize: area, elementSize: size } = zoomLevels;
    const whole = Math.min(area.x / size.x, area.y / size.y, MOST_ZOOM);
    const near = Math.max(zoomLevels.secondary, whole);
    Object.assign(zoomLevels, { fit: whole, initial: whole, min: whole, secondary: near, max: Math.max(zoomLevels.max, near) });
  });
  box.on("slideInit", ({ slide }) => fit(slide));
  box.on("loadComplete", ({ slide, isError }) => {
    if (isError) return;
    fit(slide);
    slide.resize();
    if (slide.isActive) tellOfObject(about, slide.data.src);
  });
  const goOn = ({ detail }) => {
    // The last picture had no next one.
    if (detail.length) box.refreshSlideContent(box.currIndex + 1);
    box.dispatch("change");
  };
  list.addEventListener("more", goOn);
  box.on("close", () => {
    if (history.state?.enlarged) history.back();
    const link = shown().querySelector("a.picture");
    link.scrollIntoView({ block: "nearest" });
    box.on("destroy", () => link.focus({ preventScroll: true }));
  });
  box.on("destroy", () => {
    open = null;
    list.removeEventListener("more", goOn);
  });
  box.init();
}

// PhotoSwipe must know a size before it loads: that of the thumbnail, as large as it may become.
function slide(picture) {
  const small = picture.querySelector("img");
  const [width, height] = small.naturalWidth ? [small.naturalWidth, small.naturalHeight] : [1, 1];
  const scale = ENLARGED_PIXELS / Math.max(width, height);
  return {
    src: picture.querySelector("a.picture").href,
    msrc: small.naturalWidth ? small.src : undefined,
    width: width * scale,
    height: height * scale,
    alt: picture.dataset.name,
  };
}

function fit(slide) {
  const { naturalWidth, naturalHeight } = slide.content.element ?? {};
  if (!naturalWidth) return;
  slide.content.width = slide.width = naturalWidth;
  slide.content.height = slide.height = naturalHeight;
}

function describe(about, picture) {
  const { uri, name, distance, whole } = picture.dataset;
  about.querySelector(".name bdi").textContent = name;
  about.querySelector(".uri bdi").textContent = uri;
  about.querySelector(".uri bdi").title = uri;
  about.querySelector(".distance").textContent = distance ? `distance ${distance}` : "";
  about.querySelector(".like-this").href = picture.querySelector("a.more").href;
  about.querySelector(".whole").href = whole;
  const { href } = picture.querySelector("a.picture");
  Object.assign(about.querySelector(".download"), { href, download: `${name.replace(/\.\w+$/, "")}.jpg` });
  tellOfObject(about, href);
}

// Size and date of the object are headers of the enlarged picture, which the browser has by then.
async function tellOfObject(about, address) {
  const place = about.querySelector(".object");
  place.textContent = "";
  const answer = await fetch(address, { cache: "force-cache" });
  answer.body.cancel();
  if (!answer.ok || about.querySelector(".download").href !== address) return;
  const [width, height] = answer.headers.get("Vitrine-Pixels").split(" ").map(Number);
  const bytes = Number(answer.headers.get("Vitrine-Bytes"));
  const size = bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  const day = answer.headers.get("Vitrine-Updated").slice(0, 10);
  place.textContent = `${width} × ${height} pixels · ${size} · ${day}`;
}
