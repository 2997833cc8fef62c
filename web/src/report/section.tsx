import type {ComponentChildren} from "preact";

interface SectionProps {
  id: string;
  title: string;
  lead?: ComponentChildren;
  children: ComponentChildren;
}

export function Section({id, title, lead, children}: SectionProps) {
  return (
    <section id={id} class="section" aria-labelledby={`${id}-title`} tabIndex={-1}>
      <h2 id={`${id}-title`}>{title}</h2>
      {lead && <p class="lead">{lead}</p>}
      {children}
    </section>
  );
}
