using Broadcast.Media;

namespace Broadcast.Origin;

/// <content>What the audience gets of a session that is not all for it: a session of its own, folded from the same events, that begins later. Numbers and times are those of the whole.</content>
internal sealed partial class LiveSession
{
    private volatile LiveSession? _shown;

    /// <summary>Where it begins for its audience; <see langword="null"/> for the whole session.</summary>
    public AudienceBegin? Begin { get; }

    /// <summary>Whether it began with nothing for its audience.</summary>
    public bool BeginsHidden => _timeline.Session.BeginsHidden;

    /// <summary>Who may watch it, as it began; <see langword="null"/> for whom its channel lets in.</summary>
    public ViewerAccess? Access => _timeline.Session.Access;

    /// <summary>What the audience gets of it from an instant on; <see langword="null"/> while there is nothing of that yet. Always the same for the same instant.</summary>
    /// <param name="from">The instant.</param>
    /// <param name="segment">The first segment, where that was found before.</param>
    public LiveSession? Since(DateTimeOffset from, long? segment)
    {
        if (_shown is { } known && known.Begin!.From == from)
        {
            return known;
        }

        lock (_gate)
        {
            if (_shown is { } made && made.Begin!.From == from)
            {
                return made;
            }

            if (AudienceBegin.Of(_timeline, from, segment) is not { } begin)
            {
                return null;
            }

            var shown = new LiveSession(_timeline.Session, _time, begin);
            shown.Append([.. _timeline.Checkpoint(), new TimelineEvent.WindowMoved(begin.Segment, begin.Run)], static _ => { });
            return _shown = shown;
        }
    }
}
