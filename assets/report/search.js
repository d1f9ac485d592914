const field = document.getElementById("search"), told = document.getElementById("found");
const groups = [...document.querySelectorAll("section.group")];
function search() {
  const sought = field.value.trim().toLowerCase();
  let found = 0;
  for (const group of groups) {
    let here = 0;
    for (const item of group.querySelectorAll("li")) {
      const fits = item.dataset.sought.includes(sought) || group.dataset.name.toLowerCase().includes(sought);
      item.hidden = !fits;
      here += fits;
    }
    group.hidden = here === 0;
    found += here;
  }
  told.textContent = sought ? found : "";
}
field.closest("form").hidden = false;
field.addEventListener("input", search);
field.form.addEventListener("submit", event => event.preventDefault());
search();
