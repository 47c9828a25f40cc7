// The page Map: Leaflet, with tiles of pictures in place of streets. One picture enlarged: lightbox.js.

import { say } from "./common.js";
import { prepare } from "./lightbox.js";

const TILE_PIXELS = 256;
const PICTURE_PIXELS = 64; // as tiles.py makes them, at all zooms up to the finest
const RATIO = window.devicePixelRatio > 1 ? 2 : 1;

const drawn = document.getElementById("drawn");
const pictures = document.getElementById("pictures");

async function ask(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  // Without a login, or when Airflow fails, the answer is something else.
  if (answer.redirected || !answer.headers.get("Content-Type")?.startsWith("text/html")) throw new Error();
  return answer.text();
}

try {
  drawn.innerHTML = await ask(drawn.dataset.load);
  const place = document.getElementById("map");
  if (place) show(place);
} catch {
  drawn.textContent = "The map did not come. Reload the page.";
}

function show(place) {
  const { version } = place.dataset;
  const [side, finest, last] = [place.dataset.side, place.dataset.finest, place.dataset.last].map(Number);
  // The whole map at zoom 0. Its last squares are cut where a zoom has a square for several pictures, so there is more of it.
  const boundsAt = (zoom) => {
    const squares = Math.ceil(side / 2 ** Math.max(0, finest - Math.round(zoom)));
    const width = (squares * PICTURE_PIXELS) / 2 ** Math.min(finest, Math.round(zoom));
    return L.latLngBounds([0, 0], [width, width]);
  };
  const map = L.map(place, {
    crs: L.extend({}, L.CRS.Simple, { transformation: new L.Transformation(1, 0, 1, 0) }), // from the top
    attributionControl: false,
    fadeAnimation: false, // two zooms show two pictures in one place
    maxBounds: boundsAt(0).pad(0.5),
    maxZoom: last,
    zoomSnap: 0.25,
    zoomDelta: 1,
    wheelPxPerZoomLevel: 120,
  });
  // What is enlarged is no longer after a reload.
  history.replaceState({ ...history.state, enlarged: undefined }, "");

  const Tiles = L.GridLayer.extend({
    createTile({ x, y, z }, done) {
      const image = Object.assign(document.createElement("img"), { alt: "" });
      image.addEventListener("load", () => done(null, image));
      image.addEventListener("error", () => {
        failed();
        done(new Error(), image);
      });
      image.src = `map/tile?${new URLSearchParams({ version, zoom: z, x, y, ratio: RATIO })}`;
      return image;
    },
  });
  const tiles = new Tiles({ tileSize: TILE_PIXELS, bounds: boundsAt(0), minNativeZoom: 0, maxZoom: last, keepBuffer: 1 });
  tiles.on("loading", () => place.classList.add("loading")).on("load", () => place.classList.remove("loading"));
  map.addLayer(tiles);

  // The place is part of the address, so that a reload and a copied link show it again.
  const [zoom, y, x] = location.hash.slice(1).split("/").map(Number);
  const whole = boundsAt(map.getBoundsZoom(boundsAt(last)));
  map.setMinZoom(Math.min(map.getBoundsZoom(whole), last));
  if (Number.isFinite(x)) map.setView([y, x], zoom);
  else map.fitBounds(whole);
  map.on("moveend", () => {
    const { lat, lng } = map.getCenter();
    history.replaceState(history.state, "", `#${map.getZoom()}/${lat.toFixed(3)}/${lng.toFixed(3)}`);
  });

  prepare(pictures);
  // The link that closes what is enlarged gives the focus back; it is not to be seen.
  pictures.addEventListener("focusin", () => place.focus({ preventScroll: true }));
  map.on("click", ({ latlng }) => enlarge(latlng));
  place.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === place) enlarge(map.getCenter());
  });

  // The picture at a point, as it is seen there: from afar each stands for others.
  async function enlarge({ lat, lng }) {
    const seen = Math.min(Math.round(map.getZoom()), finest);
    const size = PICTURE_PIXELS / 2 ** seen;
    const where = { version, zoom: seen, x: Math.floor(lng / size), y: Math.floor(lat / size) };
    try {
      pictures.innerHTML = await ask(`map/picture?${new URLSearchParams(where)}`);
    } catch {
      return; // between pictures, or beyond the last
    }
    pictures.querySelector("a.picture").click();
  }
}

function failed() {
  const told = document.getElementById("failed");
  if (told.textContent) return;
  told.textContent = "Some pictures did not come. The map may have been drawn anew: reload the page.";
  told.className = "problem";
  say(told.textContent);
}
