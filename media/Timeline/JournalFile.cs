using System.Buffers;
using System.Text.Json;
using Broadcast.Media.Objects;

namespace Broadcast.Media.Timeline;

/// <summary>State of a journal file.</summary>
public enum JournalEnd
{
    /// <summary>No trailer: the file is being written, or the process was killed.</summary>
    Open,

    /// <summary>A newer file continues the journal.</summary>
    Rotated,

    /// <summary>All encoders have disconnected; a newer file follows when one reconnects.</summary>
    Idle,

    /// <summary>The session has ended.</summary>
    Ended,
}

/// <summary>
/// A journal file of a session: JSON lines, each terminated by a line feed. The first line is the header
/// <c>{"journal":1,"channel":"main","session":"01…","epoch":1,"number":7,"checkpoint":120}</c>. It is followed by the given number of
/// checkpoint events, which rebuild the timeline, by later events, and optionally by a trailer such as <c>{"end":"rotated"}</c>. A line
/// without a line feed was incomplete when the process died.
/// </summary>
/// <param name="Channel">The channel.</param>
/// <param name="Session">The session.</param>
/// <param name="Epoch">Epoch of the session when the file was created.</param>
/// <param name="Number">Number of the file, from 1.</param>
/// <param name="Events">All complete events, starting with the checkpoint.</param>
/// <param name="End">State of the file.</param>
/// <param name="ValidLength">Size of all complete lines in bytes.</param>
public sealed record JournalFile(
    ChannelName Channel, SessionId Session, long Epoch, long Number, IReadOnlyList<TimelineEvent> Events, JournalEnd End, long ValidLength)
{
    /// <summary>Format version; files of higher versions are not read.</summary>
    public const int Version = 1;

    /// <summary>Maximum file size in bytes, many times the size at which files are rotated.</summary>
    public const int MaxLength = 256 << 20;

    /// <summary>The list of index blocks to which the checkpoint refers; <see langword="null"/> for none.</summary>
    public TimelineEvent.IndexBlocksListed? IndexBlockList => Events.OfType<TimelineEvent.IndexBlocksListed>().FirstOrDefault();

    /// <summary>Reads the list of index blocks to which the checkpoint refers, and adds its events before the reference.</summary>
    /// <param name="read">Reads an object with a maximum size; <see langword="null"/> when it is missing or too long.</param>
    /// <returns>A file without a reference as it is; <see langword="null"/> when the list is missing or damaged.</returns>
    public async ValueTask<JournalFile?> WithIndexBlocksAsync(Func<ObjectName, int, Task<byte[]?>> read)
    {
        if (IndexBlockList is not { } list)
        {
            return this;
        }

        return ObjectNames.TryParse(list.Object, out var name) && name.IsOf(Channel, Session)
            && await read(list.Object, IndexBlockListFile.MaxLength) is { } bytes && IndexBlockListFile.Read(bytes, list) is { } blocks
            ? this with
            {
                Events = [.. Events.TakeWhile(@event => @event != list), .. blocks, .. Events.SkipWhile(@event => @event != list)],
            }
            : null;
    }

    /// <summary>Builds the timeline from the events.</summary>
    /// <exception cref="InvalidDataException">The events contradict each other, or refer to a list of index blocks that was not read
    /// (<see cref="WithIndexBlocksAsync"/>).</exception>
    public SessionTimeline BuildTimeline()
    {
        var timeline = new SessionTimeline(((TimelineEvent.Started)Events[0]).Session);
        foreach (var @event in Events)
        {
            timeline.Apply(@event);
        }

        return timeline;
    }

    /// <summary>Serializes the header and the checkpoint.</summary>
    public static byte[] Preamble(ChannelName channel, SessionId session, long epoch, long number, IReadOnlyList<TimelineEvent> checkpoint)
    {
        var buffer = new ArrayBufferWriter<byte>(1024 + (checkpoint.Count * 256));
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("journal", Version);
            json.WriteString("channel", channel.Value);
            json.WriteString("session", session.Value);
            json.WriteNumber("epoch", epoch);
            json.WriteNumber("number", number);
            json.WriteNumber("checkpoint", checkpoint.Count);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        Write(checkpoint, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Serializes events as lines.</summary>
    public static byte[] Lines(IReadOnlyList<TimelineEvent> events)
    {
        var buffer = new ArrayBufferWriter<byte>(Math.Max(events.Count, 1) * 320);
        Write(events, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Serializes the trailer.</summary>
    public static byte[] Trailer(JournalEnd end) => end switch
    {
        JournalEnd.Rotated => "{\"end\":\"rotated\"}\n"u8.ToArray(),
        JournalEnd.Idle => "{\"end\":\"idle\"}\n"u8.ToArray(),
        JournalEnd.Ended => "{\"end\":\"ended\"}\n"u8.ToArray(),
        _ => throw new ArgumentOutOfRangeException(nameof(end), end, "An open file has no trailer."),
    };

    /// <summary>Parses a file up to the first malformed line.</summary>
    /// <returns><see langword="null"/> when header or checkpoint are incomplete; the previous file then contains all events.</returns>
    public static JournalFile? Read(ReadOnlySpan<byte> bytes)
    {
        var position = 0;
        if (!TryReadLine(bytes, ref position, out var line) || ReadHeader(line) is not { } header)
        {
            return null;
        }

        var events = new List<TimelineEvent>(Math.Min(header.Checkpoint, 4096));
        var (end, valid) = (JournalEnd.Open, position);
        while (end == JournalEnd.Open && TryReadLine(bytes, ref position, out line))
        {
            if (line.StartsWith("{\"end\":\""u8))
            {
                end = line[8..] switch
                {
                    [(byte)'r', ..] => JournalEnd.Rotated,
                    [(byte)'e', ..] => JournalEnd.Ended,
                    _ => JournalEnd.Idle,
                };
                valid = position;
                continue;
            }

            try
            {
                events.Add(TimelineJson.Parse(line));
            }
            catch (InvalidTimelineEventException)
            {
                // Lines after a malformed one may depend on it.
                break;
            }

            valid = position;
        }

        return events.Count >= header.Checkpoint && events is [TimelineEvent.Started, ..]
            ? new JournalFile(header.Channel, header.Session, header.Epoch, header.Number, events, end, valid)
            : null;
    }

    private static void Write(IReadOnlyList<TimelineEvent> events, ArrayBufferWriter<byte> buffer)
    {
        foreach (var @event in events)
        {
            TimelineJson.Write(@event, buffer);
            buffer.Write("\n"u8);
        }
    }

    private static bool TryReadLine(ReadOnlySpan<byte> bytes, ref int position, out ReadOnlySpan<byte> line)
    {
        var rest = bytes[position..];
        var end = rest.IndexOf((byte)'\n');
        line = end < 0 ? default : rest[..end];
        position += end + 1;
        return end >= 0;
    }

    private static Header? ReadHeader(ReadOnlySpan<byte> line)
    {
        try
        {
            var reader = new Utf8JsonReader(line);
            using var json = JsonDocument.ParseValue(ref reader);
            var root = json.RootElement;
            return root.GetProperty("journal").GetInt32() == Version
                && ChannelName.TryParse(root.GetProperty("channel").GetString(), out var channel)
                && SessionId.TryParse(root.GetProperty("session").GetString(), out var session)
                    ? new Header(channel, session, root.GetProperty("epoch").GetInt64(), root.GetProperty("number").GetInt64(),
                        root.GetProperty("checkpoint").GetInt32())
                    : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }

    private sealed record Header(ChannelName Channel, SessionId Session, long Epoch, long Number, int Checkpoint);
}
