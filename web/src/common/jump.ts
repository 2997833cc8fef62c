/** For links within the page: the hash stays that of the view. */
export function jumpTo(id: string): (event: MouseEvent) => void {
  return (event) => {
    const target = document.getElementById(id);
    if (!target) return;
    event.preventDefault();
    target.scrollIntoView();
    target.focus({preventScroll: true});
  };
}
