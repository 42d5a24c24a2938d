using Broadcast.Media.PackagerToControl;

namespace Broadcast.Packager.Sessions;

/// <summary>A held session. Not thread-safe.</summary>
/// <param name="session">The session.</param>
/// <param name="release">Releases it.</param>
internal sealed class SessionHold(SessionPackager session, Action<SessionPackager> release) : ISessionHold
{
    private bool _isOver;

    /// <inheritdoc/>
    public void Release()
    {
        if (!_isOver)
        {
            _isOver = true;
            release(session);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isOver)
        {
            _isOver = true;
            session.Continue();
        }
    }
}
