using System.Runtime.InteropServices;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Messages;

namespace Broadcast.Ingest.Client;

/// <summary>Messages as a list of memory for one gathering write: headers from here, payloads where they lie.</summary>
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

    /// <summary>What is to be sent.</summary>
    public List<ArraySegment<byte>> Segments => _segments;

    /// <summary>Its bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>Begins anew; what was gathered before must have been sent.</summary>
    public void Clear()
    {
        _segments.Clear();
        (_used, Bytes) = (0, 0);
    }

    /// <summary>Adds a tag as a message. Metadata gets the word in front that tells servers to keep it.</summary>
    public void Add(in FlvTag tag, uint timestamp)
    {
        var prefix = tag.Type == MessageType.Data && !tag.Body.Span.StartsWith(SetDataFrame) ? SetDataFrame : [];
        var chunkStream = tag.Type switch { MessageType.Audio => AudioStream, MessageType.Video => VideoStream, _ => DataStream };
        var header = Scratch(16);
        Take(ChunkWriter.WriteHeader(header, chunkStream, tag.Type, messageStream, timestamp, prefix.Length + tag.Body.Length));

        // The word is far shorter than a chunk, so it never needs splitting.
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
            Take(ChunkWriter.WriteContinuation(Scratch(5), chunkStream, timestamp));
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
            // The old one lives on in the segments until they are sent.
            (_scratch, _used) = (new byte[_scratch.Length * 2], 0);
        }

        return _scratch.AsSpan(_used, size);
    }

    private void Take(int size)
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
