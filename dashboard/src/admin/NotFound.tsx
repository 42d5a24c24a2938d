import { PageLink } from './navigation';

interface NotFoundProps {
  title: string;
  hint: string;
  /** Path to continue at. */
  target: string;
  linkText: string;
  go: (url: string) => void;
}

/** A message for a missing or forbidden page, with a link to another page. */
export function NotFound({ title, hint, target, linkText, go }: NotFoundProps) {
  return (
    <div className="empty" role="alert">
      <p className="empty-title">{title}</p>
      <p>{hint}</p>
      <PageLink target={target} current={false} className="button" go={go}>
        {linkText}
      </PageLink>
    </div>
  );
}
