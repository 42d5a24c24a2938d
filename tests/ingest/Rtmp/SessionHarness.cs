using System.Buffers;
using Broadcast.Ingest.Publishing;
using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Connection;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;

namespace Broadcast.Ingest.Tests.Rtmp;

/// <summary>The I/O-free part of a connection that accepts every key: bytes in, responses and samples out.</summary>
internal sealed class SessionHarness
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly List<byte> _pending = [];
    private int _readUpTo = 1 + (2 * 1536);
    private readonly ChunkReader _answers = new(Wire.Wide, 128);

    public SessionHarness(IngestOptions? options = null, long received = 0, Func<bool>? mustYield = null) =>
        Session = new RtmpStateMachine(_output, options ?? new IngestOptions(), received) { MustYield = mustYield ?? (() => false) };

    public RtmpStateMachine Session { get; }

    public PublicationBuilder? Feed { get; private set; }

    public Publication? Publication { get; private set; }

    public DateTimeOffset Now { get; set; } = Start;

    public bool Grants { get; init; } = true;

    public int MaxFrameDimension { get; init; } = VideoFormat.MaxSide;

    public int MaxFrameRate { get; init; } = new IngestOptions().MaxFrameRate;

    /// <summary>Commands among the collected responses.</summary>
    public List<RtmpCommand> Commands { get; } = [];

    public RtmpAction Feeds(params byte[] bytes)
    {
        _pending.AddRange(bytes);
        var buffer = new ReadOnlySequence<byte>(_pending.ToArray());
        while (true)
        {
            var step = Session.Advance(ref buffer, Now);
            if (step == RtmpAction.Authorize && Grants)
            {
                var session = new BroadcastSession(ChannelName.Parse("main"), SessionId.New(Start), 1, Start, LatencyProfile.Standard);
                Feed = new PublicationBuilder(new PublishGrant(Guid.NewGuid(), session, "passthrough", CancellationToken.None),
                    p => Publication = p) 
                {
                    MaxFrameDimension = MaxFrameDimension,
                    MaxFrameRate = MaxFrameRate,
                };
                Session.StartPublishing(Feed);
                continue;
            }

            _pending.Clear();
            _pending.AddRange(buffer.ToArray());
            return step;
        }
    }

    public List<MediaSample> Samples()
    {
        var samples = new List<MediaSample>();
        while (Publication is { } publication && publication.Samples.TryRead(out var sample))
        {
            samples.Add(sample);
        }

        return samples;
    }

    /// <summary>Chunk streams of the responses since the last call, each of which fits in one chunk.</summary>
    public List<int> AnswerStreams()
    {
        var streams = new List<int>();
        var rest = _output.WrittenSpan[_readUpTo..];
        while (!rest.IsEmpty)
        {
            var size = ChunkHeader.Read(rest, new ChunkStreams(), out var header);
            streams.Add(header.ChunkStream);
            rest = rest[(size + header.Length)..];
        }

        return streams;
    }

    /// <summary>Acknowledged byte counts since the last call.</summary>
    public List<uint> Acknowledged()
    {
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(_output.WrittenMemory[_readUpTo..]));
        var counts = new List<uint>();
        while (_answers.TryRead(ref reader, out var message))
        {
            if (message.Type == MessageType.Acknowledgement)
            {
                counts.Add(System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(message.Payload.Span));
            }
        }

        _readUpTo += (int)reader.Consumed;
        return counts;
    }

    /// <summary>Responses since the last call: commands by name and code, others by type.</summary>
    public List<string> Answers()
    {
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(_output.WrittenMemory[_readUpTo..]));
        var answers = new List<string>();
        while (_answers.TryRead(ref reader, out var message))
        {
            if (message.Type != MessageType.Command)
            {
                answers.Add($"type {(byte)message.Type}");
                continue;
            }

            var command = RtmpCommand.Read(message);
            Commands.Add(command);
            var last = command.Arguments[^1];
            answers.Add(
                $"{command.Name} {command.Transaction} {last.GetText("code") ?? (last is AmfValue.Number n ? n.Value.ToString(System.Globalization.CultureInfo.InvariantCulture) : "-")}");
        }

        _readUpTo += (int)reader.Consumed;
        return answers;
    }
}
