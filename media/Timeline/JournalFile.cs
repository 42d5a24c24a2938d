using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Broadcast.Media;

/// <summary>How a journal file ended, when it says so.</summary>
public enum JournalEnd
{
    /// <summary>It does not say: it is being written, or the process was killed.</summary>
    Open,

    /// <summary>A newer file goes on.</summary>
    Rotated,

    /// <summary>No encoder was there any more; a newer file follows when one comes back.</summary>
    Idle,

    /// <summary>The session is over.</summary>
    Ended,
}

/// <summary>
/// A session's journal file: JSON lines, each ended by a line feed. The first is the header
/// <c>{"journal":1,"channel":"main","session":"01…","epoch":1,"number":7,"checkpoint":120}</c>; then as many events as it says, which make the session's timeline
/// out of nothing; then the events that followed; then perhaps <c>{"end":"rotated"}</c>. A line without its line feed was being written when the process died.
/// </summary>
/// <param name="Channel">The channel.</param>
/// <param name="Session">The session.</param>
/// <param name="Epoch">The session's epoch when the file was begun.</param>
/// <param name="Number">The file's number, from 1.</param>
/// <param name="Events">All complete events, those of the checkpoint first.</param>
/// <param name="End">How it ended.</param>
/// <param name="ValidLength">Bytes up to the end of the last complete line.</param>
public sealed record JournalFile(
    ChannelName Channel, SessionId Session, long Epoch, long Number, IReadOnlyList<TimelineEvent> Events, JournalEnd End, long ValidLength)
{
    /// <summary>The format that is written. Higher ones are not read.</summary>
    public const int Version = 1;

    /// <summary>Largest file read, in bytes: many times what is written before a newer file goes on.</summary>
    public const int MaxLength = 256 << 20;

    /// <summary>The name of a file.</summary>
    public static ObjectName NameOf(ChannelName channel, SessionId session, long number) =>
        ObjectName.Parse(string.Create(CultureInfo.InvariantCulture, $"{FolderOf(channel, session)}{number:D8}.jsonl"));

    /// <summary>The folder of a session's files, ending in <c>/</c>.</summary>
    public static string FolderOf(ChannelName channel, SessionId session) => $"journal/{channel}/{session}/";

    /// <summary>Reads a file's name; <see langword="false"/> when it is none of a journal.</summary>
    public static bool TryParseName(ObjectName name, out ChannelName channel, out SessionId session, out long number)
    {
        (channel, session, number) = (default, default, 0);
        var parts = name.Value.Split('/');
        return parts is ["journal", var first, var second, var third] && third.EndsWith(".jsonl", StringComparison.Ordinal)
            && ChannelName.TryParse(first, out channel) && SessionId.TryParse(second, out session)
            && long.TryParse(third.AsSpan(0, third.Length - 6), NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0;
    }

    /// <summary>Its events as a timeline.</summary>
    public SessionTimeline Fold()
    {
        var timeline = new SessionTimeline(((TimelineEvent.Started)Events[0]).Session);
        foreach (var @event in Events)
        {
            timeline.Apply(@event);
        }

        return timeline;
    }

    /// <summary>The header and the checkpoint behind it.</summary>
    public static byte[] Begin(ChannelName channel, SessionId session, long epoch, long number, IReadOnlyList<TimelineEvent> checkpoint)
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

    /// <summary>Lines of events.</summary>
    public static byte[] Lines(IReadOnlyList<TimelineEvent> events)
    {
        var buffer = new ArrayBufferWriter<byte>(Math.Max(events.Count, 1) * 320);
        Write(events, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The last line.</summary>
    public static byte[] Trailer(JournalEnd end) => end switch
    {
        JournalEnd.Rotated => "{\"end\":\"rotated\"}\n"u8.ToArray(),
        JournalEnd.Idle => "{\"end\":\"idle\"}\n"u8.ToArray(),
        JournalEnd.Ended => "{\"end\":\"ended\"}\n"u8.ToArray(),
        _ => throw new ArgumentOutOfRangeException(nameof(end), end, "Only an end has a trailer."),
    };

    /// <summary>Reads a file, as far as it can be read.</summary>
    /// <returns><see langword="null"/> when its header or checkpoint is not all there: then the file before it has all that this one had.</returns>
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
                // What stands behind a broken line cannot be trusted to follow from what stands before it.
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
                    ? new Header(channel, session, root.GetProperty("epoch").GetInt64(), root.GetProperty("number").GetInt64(), root.GetProperty("checkpoint").GetInt32())
                    : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }

    private sealed record Header(ChannelName Channel, SessionId Session, long Epoch, long Number, int Checkpoint);
}
