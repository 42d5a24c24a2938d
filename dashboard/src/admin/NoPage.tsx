import { PageLink } from './navigation';

interface NoPageProps {
  title: string;
  hint: string;
  /** Where to go on. */
  to: string;
  link: string;
  go: (address: string) => void;
}

/** Says that there is nothing to see at an address, or not for whom, with a way on. */
export function NoPage({ title, hint, to, link, go }: NoPageProps) {
  return (
    <div className="empty" role="alert">
      <p className="empty-title">{title}</p>
      <p>{hint}</p>
      <PageLink to={to} current={false} className="button" go={go}>
        {link}
      </PageLink>
    </div>
  );
}
