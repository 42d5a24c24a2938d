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

        lock (_gate)
        {
            if (_visible is { } made && made.VisibilityStart!.From == from)
            {
                return made;
            }

            if (VisibilityStart.Of(_timeline, from, segment) is not { } visibilityStart)
            {
                return null;
            }

            var shown = new LiveSession(_timeline.Session, _time, visibilityStart);
            shown.Append([.. _timeline.Checkpoint(), new TimelineEvent.WindowMoved(visibilityStart.Segment, visibilityStart.Period)],
                static _ => { });
            return _visible = shown;
        }
    }
}
