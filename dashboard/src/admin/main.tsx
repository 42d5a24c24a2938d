import '../theme.css';
import '../colors.css';
import './base.css';
import './header.css';
import './forms.css';
import './dialogs.css';
import './components.css';
import './auth/auth.css';
import './overview/overview.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { adminText } from '../text';
import { App } from './App';
import { applyTheme, storedTheme } from './theme';

applyTheme(storedTheme());
document.title = adminText.pageTitle;
const root = document.getElementById('page');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
