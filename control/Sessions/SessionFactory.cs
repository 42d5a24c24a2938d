using Broadcast.Control.Events;
using Broadcast.Control.Publishing;
using Broadcast.Media;

namespace Broadcast.Control.Sessions;

/// <summary>
/// Creates sessions with rising ids. Viewers get the channel's session with the highest id, even after the clock was set back. Owned by
/// <see cref="SessionManager"/> and accessed under its lock.
/// </summary>
/// <param name="time">Clock.</param>
internal sealed class SessionFactory(TimeProvider time)
{
    private DateTimeOffset _newest;

    /// <summary>Makes ids of new sessions higher than this one, whatever the clock says.</summary>
    public void StartAfter(SessionId id) => _newest = id.CreatedAt > _newest ? id.CreatedAt : _newest;

    /// <summary>Creates the session for an encoder.</summary>
    /// <param name="key">Stream key of the encoder.</param>
    /// <param name="activeEvent">Active event of the channel, or <see langword="null"/>. Before the event is live its session is hidden,
    /// and the event can set the access policy.</param>
    /// <param name="canHide">Whether sessions can be hidden from viewers.</param>
    public BroadcastSession Create(StreamKeyRecord key, ActiveEvent? activeEvent, bool canHide)
    {
        // Milliseconds: the precision of the stored start and of IDs, which ascend in the order of creation.
        var start = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        _newest = start > _newest ? start : _newest.AddMilliseconds(1);
        return new(key.Channel, SessionId.New(_newest), Epoch: 1, start, key.Latency)
        {
            DvrWindow = key.DvrWindow,
            IsRecorded = key.IsRecorded,
            BeginsHidden = canHide && activeEvent is { IsLive: false },
            Access = activeEvent?.Access,
        };
    }
}
