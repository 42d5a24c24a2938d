import { Component, type ReactNode } from 'react';
import { adminText } from '../text';

/** Catches rendering errors, and scripts that are missing after a server update. The navigation remains usable. */
export class PageBoundary extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    const text = adminText.pages;
    return (
      <div className="empty" role="alert">
        <p className="empty-title">{text.loadFailed}</p>
        <p>{text.loadFailedHint}</p>
        <button type="button" className="button" onClick={() => window.location.reload()}>
          {text.reload}
        </button>
      </div>
    );
  }
}
