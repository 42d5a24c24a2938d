using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;

namespace Broadcast.Packager.Recovery;

/// <summary>
/// Objects of a session that its timeline does not need. Init segments are few and remain, as do index blocks that a repair rewrote.
/// </summary>
/// <param name="timeline">
/// Timeline of the session, which another thread may continue. An index block that it announces after this object was created ends at or
/// after the first segment of that time, or compacts several blocks of the list.
/// </param>
/// <param name="first">First segment number that is still needed.</param>
/// <param name="lists">Last segment number of the list of index blocks that is needed; older lists are not.</param>
/// <param name="images">Images that were announced when the process started.</param>
internal sealed class ObsoleteObjects(SessionTimeline timeline, long first, long lists, HashSet<ObjectName> images)
{
    private readonly long _window = timeline.FirstSegment;
    private readonly IReadOnlyList<TimelineIndexBlock> _blocks = timeline.RetainedIndexBlocks;
    private readonly bool _isRecorded = timeline.Session.IsRecorded;
    private readonly bool _mayBeCompacted = timeline.Session.IsRecorded || timeline.Session.DvrWindow == DvrWindow.All;

    /// <summary>Returns whether an object is not needed; <see langword="false"/> for names of other forms.</summary>
    public bool Contains(ObjectName name) => ObjectNames.TryParse(name, out var parsed) && parsed switch
    {
        { Kind: ObjectKind.Poster } => IsReplaced(parsed, name),
        { Kind: ObjectKind.SpriteSheet } => !_isRecorded && IsReplaced(parsed, name),
        { Kind: ObjectKind.IndexBlock, Epoch: 0, Last: > 0 } => parsed.Last < _window && !IsNeeded(parsed, name),
        { Kind: ObjectKind.IndexBlockList } => parsed.Last < lists,
        { Kind: ObjectKind.Segment } => parsed.Number > 0 && parsed.Number < first,
        _ => false,
    };

    /// <summary>Returns whether an index block is listed, or may be a compaction of several listed ones.</summary>
    private bool IsNeeded(in ParsedObjectName parsed, ObjectName name)
    {
        var (start, last) = (parsed.Number, parsed.Last);
        return _blocks.Any(block => block.Object == name)
            || (_mayBeCompacted && _blocks.Any(block => block.First == start) && _blocks.Any(block => block.Last == last));
    }

    /// <summary>
    /// Returns whether an image is older than the newest of its kind that was announced when the process started, and is not announced
    /// itself. Later images have later names.
    /// </summary>
    private bool IsReplaced(ParsedObjectName parsed, ObjectName name) =>
        !images.Contains(name)
        && images.Any(other => ObjectNames.TryParse(other, out var image) && image.Kind == parsed.Kind && image.Number > parsed.Number);
}
