using Broadcast.Media;
using Broadcast.Media.Timeline;

namespace Broadcast.Cluster.Feeds;

/// <summary>Range of an object that an event announces.</summary>
/// <param name="Object">Name of the object.</param>
/// <param name="Offset">Offset of the first byte.</param>
/// <param name="Length">Number of bytes.</param>
internal readonly record struct AnnouncedObject(ObjectName Object, long Offset, int Length)
{
    /// <summary>The range that an event announces; <see langword="null"/> for an event without an object.</summary>
    public static AnnouncedObject? Of(TimelineEvent @event) => @event switch
    {
        TimelineEvent.PartReady part => new(part.Object, part.Offset, part.Length),
        TimelineEvent.InitReady init => new(init.Object, 0, init.Length),
        TimelineEvent.PosterReady poster => new(poster.Object, 0, poster.Length),
        TimelineEvent.SpriteSheetReady sheet => new(sheet.Object, 0, sheet.Length),
        TimelineEvent.IndexBlockReady block => new(block.Object, 0, block.Length),
        _ => null,
    };
}
