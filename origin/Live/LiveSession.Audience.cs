using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.Timeline;

namespace Broadcast.Origin.Live;

/// <content>
/// The visible part of a session: a session of its own, projected from the same events, that starts later. Sequence numbers and times are
/// those of the whole session.
/// </content>
internal sealed partial class LiveSession
{
    private volatile LiveSession? _visible;

    /// <summary>Start for its viewers; <see langword="null"/> for the whole session.</summary>
    public VisibilityStart? VisibilityStart { get; }

    /// <summary>Indicates whether the session started hidden.</summary>
    public bool StartsHidden => _timeline.Session.BeginsHidden;

    /// <summary>Access policy from the session's start; <see langword="null"/> for the channel's policy.</summary>
    public ViewerAccess? Access => _timeline.Session.Access;

    /// <summary>
    /// The part of the session from an instant on; <see langword="null"/> while it is empty. The same object for the same instant.
    /// </summary>
    /// <param name="from">The instant.</param>
    /// <param name="segment">The first segment, where an earlier call found it.</param>
    public LiveSession? VisibleSince(DateTimeOffset from, long? segment)
    {
        if (_visible is { } known && known.VisibilityStart!.From == from)
        {
            return known;
        }

        if (IsMirror)
        {
            // The owner determines the start, so that all servers have the same.
            return null;
        }

        lock (_gate)
        {
            if (_visible is { } made && made.VisibilityStart!.From == from)
            {
                return made;
            }

            var now = _time.GetUtcNow();
            if (Show(from, segment, now) is not { } shown)
            {
                return null;
            }

            Publish(new FeedBatch(now, [], new FeedVisibility(from, segment)));
            return shown;
        }
    }

    /// <summary>Creates the visible part. Called under the lock.</summary>
    private LiveSession? Show(DateTimeOffset from, long? segment, DateTimeOffset now)
    {
        if (VisibilityStart.Of(_timeline, from, segment) is not { } visibilityStart)
        {
            return null;
        }

        var shown = new LiveSession(_timeline.Session, _time, visibilityStart, IsMirror);
        shown.Append([.. _timeline.Checkpoint(), new TimelineEvent.WindowMoved(visibilityStart.Segment, visibilityStart.Period)], now,
            static _ => { });
        return _visible = shown;
    }
}
