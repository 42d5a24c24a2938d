using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>
/// Begins sessions. Their ids rise: of a channel's sessions viewers get the one with the highest id, even when the clock was set back. Owned by <see cref="SessionBook"/>, under its lock.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class SessionBirths(TimeProvider time)
{
    private DateTimeOffset _newest;

    /// <summary>Ids of sessions begun from now on are higher than this one, whatever the clock says.</summary>
    public void BeginAfter(SessionId id) => _newest = id.Birth > _newest ? id.Birth : _newest;

    /// <summary>Begins the session that an encoder came for.</summary>
    /// <param name="key">What it came with.</param>
    /// <param name="claim">The event that has the channel, or <see langword="null"/>: before that is live, its session is nothing for viewers, and the event may say who may watch it.</param>
    /// <param name="mayHide">Whether anybody keeps from viewers what is not for them yet.</param>
    public BroadcastSession Begin(KeyRecord key, EventClaim? claim, bool mayHide)
    {
        var now = time.GetUtcNow();
        _newest = now > _newest ? now : _newest.AddMilliseconds(1);

        // To the millisecond, so that it is the same after a way through the database.
        var start = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds());
        return new(key.Channel, SessionId.New(_newest), Epoch: 1, start, key.Latency)
        {
            Rewind = key.Rewind,
            IsRecorded = key.IsRecorded,
            BeginsHidden = mayHide && claim is { IsLive: false },
            Access = claim?.Access,
        };
    }
}
