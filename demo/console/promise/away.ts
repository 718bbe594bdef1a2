/** The page that the scenario goes to when it leaves the console. It comes back by itself. */

const AWAY_SECONDS = 20;

const countdown = document.querySelector('#countdown');
const backAt = performance.now() + AWAY_SECONDS * 1_000;
const tick = () => {
  const left = Math.ceil((backAt - performance.now()) / 1_000);
  if (left <= 0) return location.replace('./');
  if (countdown) countdown.textContent = `Back in ${left} s.`;
  setTimeout(tick, 250);
};
tick();
