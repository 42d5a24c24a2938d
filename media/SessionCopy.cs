using Broadcast.Media.Timeline;

namespace Broadcast.Media;

/// <summary>A server's copy of a session of another server.</summary>
/// <param name="Checkpoint">Events that rebuild the timeline, as far as the owner announced it.</param>
/// <param name="Find">Finds the first bytes of an announced object, given its name and length; <see langword="null"/> when this server does
/// not have all of them. The object store then has the object, or it is lost.</param>
public sealed record SessionCopy(IReadOnlyList<TimelineEvent> Checkpoint,
    Func<ObjectName, long, IReadOnlyList<ReadOnlyMemory<byte>>?> Find);
