import { Component, type ReactNode } from 'react';
import { adminText } from '../text';

/** Says so where a page breaks, or its script is gone because the server was updated meanwhile; the way to the other pages stays. */
export class PageBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    const text = adminText.pages;
    return (
      <div className="empty" role="alert">
        <p className="empty-title">{text.notLoaded}</p>
        <p>{text.notLoadedHint}</p>
        <button type="button" className="button" onClick={() => window.location.reload()}>
          {text.reload}
        </button>
      </div>
    );
  }
}
