using System.Buffers;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;

namespace Broadcast.Media.Timeline;

/// <summary>
/// Serializes lists of a session's index blocks: one <see cref="TimelineEvent.IndexBlockReady"/> per line, as in the journal. A list is an
/// immutable object whose name contains its checksum.
/// </summary>
public static class IndexBlockListFile
{
    /// <summary>Maximum object size in bytes: a year of a recorded session is about half a megabyte.</summary>
    public const int MaxLength = 64 << 20;

    /// <summary>Serializes the retained index blocks of a timeline, which must have some.</summary>
    /// <returns>The content, and the reference to it.</returns>
    public static (byte[] Bytes, TimelineEvent.IndexBlocksListed Reference) Write(SessionTimeline timeline)
    {
        var blocks = timeline.RetainedIndexBlocks;
        var bytes = JournalFile.Lines([.. blocks.Select(block => block.Announcement)]);
        var (first, last) = (blocks[0].First, blocks[^1].Last);
        var name = ObjectNames.Of(timeline.Session).IndexBlockList(first, last, Crc32C.Append(0, bytes));
        return (bytes, new TimelineEvent.IndexBlocksListed(first, last, blocks.Count, name, bytes.Length));
    }

    /// <summary>Parses a list.</summary>
    /// <param name="bytes">Content of the object.</param>
    /// <param name="reference">The reference to the object.</param>
    /// <returns>The index blocks; <see langword="null"/> when the content is not that of the reference.</returns>
    public static IReadOnlyList<TimelineEvent.IndexBlockReady>? Read(ReadOnlySpan<byte> bytes, TimelineEvent.IndexBlocksListed reference)
    {
        if (bytes.Length != reference.Length || !ObjectNames.TryParse(reference.Object, out var name)
            || name.Kind != ObjectKind.IndexBlockList || name.Checksum != Crc32C.Append(0, bytes))
        {
            return null;
        }

        var blocks = new List<TimelineEvent.IndexBlockReady>();
        try
        {
            foreach (var line in bytes.Split((byte)'\n'))
            {
                if (!bytes[line].IsEmpty)
                {
                    if (TimelineJson.Parse(bytes[line]) is not TimelineEvent.IndexBlockReady block)
                    {
                        return null;
                    }

                    blocks.Add(block);
                }
            }
        }
        catch (InvalidTimelineEventException)
        {
            return null;
        }

        return blocks.Count == reference.Count ? blocks : null;
    }
}
