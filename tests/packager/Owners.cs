using Broadcast.Media;
using Broadcast.Media.PackagerToControl;

namespace Broadcast.Packager.Tests;

/// <summary>Ownership as control reports it; sessions without an entry are undecided.</summary>
internal sealed class Owners : Dictionary<SessionId, SessionOwnership>, ISessionOwnership
{
    private readonly Dictionary<SessionId, int> _asked = [];

    public int Asked(SessionId session)
    {
        lock (_asked)
        {
            return _asked.GetValueOrDefault(session);
        }
    }

    public ValueTask<SessionOwnership> FindAsync(SessionId session, CancellationToken cancellationToken)
    {
        lock (_asked)
        {
            _asked[session] = Asked(session) + 1;
            return new(this.GetValueOrDefault(session, SessionOwnership.Undecided));
        }
    }
}
