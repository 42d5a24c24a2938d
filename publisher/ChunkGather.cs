using System.Runtime.InteropServices;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Messages;

namespace Broadcast.Publisher;

/// <summary>
/// Collects messages as a list of buffers for one gathering write: headers from scratch memory, larger payloads by reference.
/// </summary>
internal sealed class ChunkGather(int chunkSize, uint messageStream)
{
    private const int ScratchSize = 1024;

    /// <summary>Longest body that is copied behind the header: a buffer of its own would cost more.</summary>
    private const int MaxCopied = 32;

    /// <summary>Longest header with prefix and copied body.</summary>
    private const int MaxHeader = 16 + 16 + MaxCopied;

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
        var header = Scratch(MaxHeader);
        var used = ChunkWriter.WriteHeader(header, chunkStream, type, messageStream, timestamp, prefix.Length + tag.Length);

        // Prefixes are far shorter than a chunk, so they never need splitting. They share a buffer with the header.
        prefix.CopyTo(header[used..]);
        used += prefix.Length;
        var room = chunkSize - prefix.Length;
        if (tag.Body.Length <= MaxCopied)
        {
            tag.Body.Span.CopyTo(header[used..]);
            used += tag.Body.Length;
            room -= tag.Body.Length;
            AppendScratch(used);
        }
        else
        {
            AppendScratch(used);
            AddBody(tag.Body);
        }

        AddBody(tag.Rest);

        void AddBody(ReadOnlyMemory<byte> part)
        {
            var body = AsArray(part);
            while (body.Count > room)
            {
                if (room > 0)
                {
                    Append(body[..room]);
                    body = body[room..];
                }

                room = chunkSize;
                AppendScratch(ChunkWriter.WriteContinuation(Scratch(5), chunkStream, timestamp));
            }

            if (body.Count > 0)
            {
                Append(body);
                room -= body.Count;
            }
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
