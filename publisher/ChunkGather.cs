using System.Runtime.InteropServices;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Messages;

namespace Broadcast.Publisher;

/// <summary>Collects messages as a list of buffers for one gathering write: headers from scratch memory, payloads by reference.</summary>
internal sealed class ChunkGather(int chunkSize, uint messageStream)
{
    private const int ScratchSize = 1024;
    private const int AudioStream = 4;
    private const int VideoStream = 6;
    private const int DataStream = 5;

    private static readonly byte[] SetDataFrame = [2, 0, 13, .. "@setDataFrame"u8];

    private readonly List<ArraySegment<byte>> _segments = [];
    private byte[] _scratch = new byte[ScratchSize];
    private int _used;

    /// <summary>Buffers to send.</summary>
    public List<ArraySegment<byte>> Segments => _segments;

    /// <summary>Total bytes of the buffers.</summary>
    public long Bytes { get; private set; }

    /// <summary>Starts over. The previous buffers must have been sent.</summary>
    public void Clear()
    {
        _segments.Clear();
        (_used, Bytes) = (0, 0);
    }

    /// <summary>Adds a tag as a message. Metadata gets the prefix <c>@setDataFrame</c>, which tells servers to retain it.</summary>
    public void Add(in FlvTag tag, uint timestamp)
    {
        var type = (MessageType)tag.Type;
        var prefix = type == MessageType.Data && !tag.Body.Span.StartsWith(SetDataFrame) ? SetDataFrame : [];
        var chunkStream = type switch { MessageType.Audio => AudioStream, MessageType.Video => VideoStream, _ => DataStream };
        var header = Scratch(16);
        AppendScratch(ChunkWriter.WriteHeader(header, chunkStream, type, messageStream, timestamp, prefix.Length + tag.Body.Length));

        // The prefix is far shorter than a chunk, so it never needs splitting.
        var room = chunkSize;
        if (prefix.Length > 0)
        {
            Append(prefix);
            room -= prefix.Length;
        }

        var body = AsArray(tag.Body);
        while (body.Count > room)
        {
            Append(body[..room]);
            body = body[room..];
            room = chunkSize;
            AppendScratch(ChunkWriter.WriteContinuation(Scratch(5), chunkStream, timestamp));
        }

        if (body.Count > 0)
        {
            Append(body);
        }
    }

    private Span<byte> Scratch(int size)
    {
        if (_used + size > _scratch.Length)
        {
            // The old array stays referenced by the segments until they are sent.
            (_scratch, _used) = (new byte[_scratch.Length * 2], 0);
        }

        return _scratch.AsSpan(_used, size);
    }

    private void AppendScratch(int size)
    {
        Append(new ArraySegment<byte>(_scratch, _used, size));
        _used += size;
    }

    private void Append(ArraySegment<byte> segment)
    {
        _segments.Add(segment);
        Bytes += segment.Count;
    }

    private static ArraySegment<byte> AsArray(ReadOnlyMemory<byte> memory) =>
        MemoryMarshal.TryGetArray(memory, out var segment) ? segment : memory.ToArray();
}
