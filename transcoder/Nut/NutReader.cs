using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Broadcast.Media;

namespace Broadcast.Transcoder.Nut;

/// <summary>
/// Streaming reader for FFmpeg's output: NUT version 3 or 4 with a few streams. The data arrives through a local socket, so any error is an
/// <see cref="InvalidNutException"/>. Bytes of an incomplete frame stay with the caller.
/// </summary>
internal sealed class NutReader
{
    /// <summary>Maximum bytes of a header.</summary>
    public const int MaxPacket = 64 * 1024;

    /// <summary>Maximum bytes of a frame: an image of 8192 lines at the highest quality is smaller.</summary>
    public const int MaxFrame = 32 * 1024 * 1024;

    /// <summary>Maximum number of streams.</summary>
    public const int MaxStreams = 8;

    private const int MaxElided = 128;

    private readonly List<NutStream> _streams = [];
    private readonly List<byte[]> _elided = [[]];
    private readonly FrameCode[] _codes = new FrameCode[256];
    private (int Numerator, int Denominator)[] _timeBases = [];
    private (int TimeBase, int Shift, long Last)[] _clocks = [];
    private int _version;
    private bool _hasFileId;
    private bool _hasMain;

    private readonly record struct FrameCode(NutFlags Flags, int Stream, int Multiplier, int Low, int Delta, int Reserved, int Elided);

    /// <summary>The streams, once their headers were read.</summary>
    public IReadOnlyList<NutStream> Streams => _streams;

    /// <summary>Reads up to the next complete frame.</summary>
    /// <param name="bytes">Unread input; on return, the rest of it. The frame's payload is a copy.</param>
    /// <param name="frame">The frame.</param>
    /// <returns><see langword="false"/> if more input is needed.</returns>
    /// <exception cref="InvalidNutException">The input is not NUT, or exceeds a limit.</exception>
    public bool TryRead(ref ReadOnlySequence<byte> bytes, out NutFrame frame)
    {
        frame = default;
        while (true)
        {
            if (!_hasFileId && !TryReadFileId(ref bytes))
            {
                return false;
            }

            if (bytes.IsEmpty)
            {
                return false;
            }

            if (new SequenceReader<byte>(bytes).TryPeek(out var first) && first != NutFormat.StartByte)
            {
                return TryReadFrame(ref bytes, out frame);
            }

            if (!TryReadPacket(ref bytes))
            {
                return false;
            }
        }
    }

    private bool TryReadFileId(ref ReadOnlySequence<byte> bytes)
    {
        Span<byte> id = stackalloc byte[NutFormat.FileId.Length];
        if (bytes.Length < id.Length)
        {
            return false;
        }

        bytes.Slice(0, id.Length).CopyTo(id);
        Require(id.SequenceEqual(NutFormat.FileId), "The stream does not start with the NUT file ID");
        bytes = bytes.Slice(id.Length);
        _hasFileId = true;
        return true;
    }

    private bool TryReadPacket(ref ReadOnlySequence<byte> bytes)
    {
        var reader = new NutFields(bytes);
        if (!reader.TryStartCode(out var startCode) || !reader.TryNumber(out var length))
        {
            return false;
        }

        Require(length is >= 4 and <= MaxPacket, "A header exceeds the limit");
        var isLong = length > NutFormat.ShortPacket;
        if (reader.Remaining < (long)length + (isLong ? 4 : 0))
        {
            return false;
        }

        reader.Skip(isLong ? 4 : 0);
        var packet = reader.Bytes((int)length);
        var fields = packet.AsSpan(0, packet.Length - 4);
        Require(BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(fields.Length)) == NutFormat.Checksum(fields), "Wrong header checksum");
        var packetFields = new NutFields(new ReadOnlySequence<byte>(packet, 0, fields.Length));
        switch (startCode)
        {
            case NutFormat.MainHeader when !_hasMain:
                ReadMain(ref packetFields);
                break;
            case NutFormat.StreamHeader when _streams.Count < _clocks.Length:
                ReadStream(ref packetFields);
                break;
            case NutFormat.Syncpoint:
                ReadSyncpoint(ref packetFields);
                break;
        }

        bytes = bytes.Slice(reader.Consumed);
        return true;
    }

    private void ReadMain(ref NutFields fields)
    {
        _version = fields.Int(4, "version");
        Require(_version >= 3, "NUT before version 3 is not supported");
        if (_version > 3)
        {
            fields.Int(int.MaxValue, "minor version");
        }

        var streams = fields.Int(MaxStreams, "number of streams");
        Require(streams > 0, "The file has no streams");
        fields.Int(int.MaxValue, "maximum distance");
        var count = fields.Int(MaxStreams, "number of time bases");
        _timeBases = new (int, int)[count];
        for (var i = 0; i < count; i++)
        {
            _timeBases[i] = (fields.Int(int.MaxValue, "time base"), fields.Int(int.MaxValue, "time base"));
            Require(_timeBases[i] is { Numerator: > 0, Denominator: > 0 }, "A time base is zero");
        }

        ReadCodes(ref fields, streams);
        if (fields.Remaining > 0)
        {
            ReadElided(ref fields);
        }

        _clocks = new (int, int, long)[streams];
        _hasMain = true;
    }

    private void ReadCodes(ref NutFields fields, int streams)
    {
        var (delta, multiplier, stream, elided) = (0L, 1, 0, 0);
        for (var i = 0; i < 256;)
        {
            var flags = (NutFlags)fields.Int(ushort.MaxValue, "flags");
            var fieldCount = fields.Int(16, "number of fields");
            delta = fieldCount > 0 ? fields.Signed() : delta;
            multiplier = fieldCount > 1 ? fields.Int(16_383, "size multiplier") : multiplier;
            stream = fieldCount > 2 ? fields.Int(streams - 1, "frame code stream") : stream;
            var low = fieldCount > 3 ? fields.Int(16_383, "size LSB") : 0;
            var reserved = fieldCount > 4 ? fields.Int(255, "number of reserved fields") : 0;
            var count = fieldCount > 5 ? fields.Int(256, "number of frame codes") : multiplier - low;
            _ = fieldCount > 6 ? fields.Signed() : 0;
            elided = fieldCount > 7 ? fields.Int(MaxElided - 1, "elided header") : elided;
            for (var j = 8; j < fieldCount; j++)
            {
                fields.Int(int.MaxValue, "reserved field");
            }

            Require(count > 0 && delta is > -16_384 and < 16_384 && count <= 256 - i - (i <= NutFormat.StartByte ? 1 : 0),
                "Frame codes are out of range");
            for (var j = 0; j < count && i < 256; i++)
            {
                _codes[i] = i == NutFormat.StartByte ? new FrameCode(NutFlags.Invalid, 0, 0, 0, 0, 0, 0)
                    : new FrameCode(flags, stream, multiplier, low + j++, (int)delta, reserved, elided);
            }

            if (i == NutFormat.StartByte)
            {
                _codes[i++] = new FrameCode(NutFlags.Invalid, 0, 0, 0, 0, 0, 0);
            }
        }
    }

    private void ReadElided(ref NutFields fields)
    {
        var count = fields.Int(MaxElided - 1, "number of elided headers");
        for (var i = 0; i < count; i++)
        {
            var length = fields.Int(255, "length of an elided header");
            Require(length > 0 && length <= fields.Remaining, "An elided header is truncated");
            _elided.Add(fields.Bytes(length));
        }
    }

    private void ReadStream(ref NutFields fields)
    {
        Require(fields.Int(MaxStreams, "stream") == _streams.Count, "Streams are out of order");
        var kind = fields.Int(3, "stream class");
        Require(kind is NutFormat.VideoClass or NutFormat.AudioClass, "A stream is neither video nor audio");
        var tag = Encoding.Latin1.GetString(Blob(ref fields, 4, "tag"));
        var timeBase = fields.Int(_timeBases.Length - 1, "stream time base");
        var shift = fields.Int(15, "timestamp shift");
        fields.Int(int.MaxValue, "maximum timestamp distance");
        var delay = fields.Int(16, "decode delay");
        fields.Int(int.MaxValue, "stream flags");
        var codec = Blob(ref fields, MaxPacket, "codec data");
        Require(_timeBases[timeBase].Numerator == 1, "A stream's timescale is not an integer");
        var stream = new NutStream(kind == NutFormat.VideoClass ? TrackKind.Video : TrackKind.Audio, tag, _timeBases[timeBase].Denominator,
            codec) { DecodeDelay = delay };
        _clocks[_streams.Count] = (timeBase, shift, 0);
        if (kind == NutFormat.VideoClass)
        {
            stream = stream with
            {
                Width = fields.Int(ushort.MaxValue, "width"), Height = fields.Int(ushort.MaxValue, "height"),
                SampleAspectWidth = fields.Int(int.MaxValue, "aspect"), SampleAspectHeight = fields.Int(int.MaxValue, "aspect"),
            };
        }
        else
        {
            var rate = fields.Int(int.MaxValue, "sample rate");
            Require(fields.Int(int.MaxValue, "sample rate") == 1, "A sample rate is not an integer");
            stream = stream with { SampleRate = rate, Channels = fields.Int(255, "channels") };
        }

        _streams.Add(stream);
    }

    private static byte[] Blob(ref NutFields fields, int maxLength, string fieldName)
    {
        var length = fields.Int(maxLength, "length of a " + fieldName);
        Require(length <= fields.Remaining, $"The {fieldName} is truncated");
        return fields.Bytes(length);
    }

    private void ReadSyncpoint(ref NutFields fields)
    {
        Require(_hasMain && _streams.Count == _clocks.Length, "A syncpoint precedes the stream headers");
        var coded = fields.Unsigned("syncpoint time");
        var from = _timeBases[(int)(coded % (ulong)_timeBases.Length)];
        var ticks = (Int128)(coded / (ulong)_timeBases.Length);
        for (var i = 0; i < _clocks.Length; i++)
        {
            var to = _timeBases[_clocks[i].TimeBase];
            _clocks[i].Last = (long)(ticks * from.Numerator * to.Denominator / ((Int128)from.Denominator * to.Numerator));
        }
    }

    private bool TryReadFrame(ref ReadOnlySequence<byte> bytes, out NutFrame frame)
    {
        frame = default;
        Require(_hasMain && _streams.Count == _clocks.Length, "A frame precedes the stream headers");
        var reader = new NutFields(bytes);
        if (!reader.TryByte(out var codeIndex))
        {
            return false;
        }

        var code = _codes[codeIndex];
        var flags = code.Flags;
        var (stream, high, reserved, elided, coded) = (code.Stream, 0UL, (ulong)code.Reserved, code.Elided, 0UL);
        Require((flags & NutFlags.Invalid) == NutFlags.None, "A frame code is invalid");
        if ((flags & NutFlags.Coded) != NutFlags.None)
        {
            if (!reader.TryNumber(out var changed))
            {
                return false;
            }

            flags ^= (NutFlags)(changed & 0xffff);
        }

        ulong id = (ulong)stream, index = (ulong)elided, ignored = 0;
        if (!Field(ref reader, flags, NutFlags.StreamId, ref id) || !Field(ref reader, flags, NutFlags.CodedPresent, ref coded)
            || !Field(ref reader, flags, NutFlags.SizeMsb, ref high)
            || !Field(ref reader, flags, NutFlags.MatchTime, ref ignored) || !Field(ref reader, flags, NutFlags.HeaderIndex, ref index)
            || !Field(ref reader, flags, NutFlags.Reserved, ref reserved))
        {
            return false;
        }

        Require(id < (ulong)_streams.Count && index < (ulong)_elided.Count && reserved < 256 && high <= MaxFrame,
            "A frame header value is out of range");
        for (var i = 0UL; i < reserved; i++)
        {
            if (!reader.TryNumber(out _))
            {
                return false;
            }
        }

        if ((flags & NutFlags.Checksum) != NutFlags.None && !reader.TrySkip(4))
        {
            return false;
        }

        var size = (long)code.Low + ((long)high * code.Multiplier);
        Require(size <= MaxFrame, "A frame exceeds the limit");
        var header = size > NutFormat.MaxElidedFrame ? _elided[0] : _elided[(int)index];
        Require(size >= header.Length, "A frame is shorter than its elided header");
        if (reader.Remaining < size - header.Length)
        {
            return false;
        }

        Require((flags & NutFlags.SideData) == NutFlags.None, "Frames with side data are not supported");
        var present = Present(ref _clocks[(int)id], (flags & NutFlags.CodedPresent) != NutFlags.None, coded, code.Delta);
        var payload = new byte[size];
        header.CopyTo(payload, 0);
        reader.CopyTo(payload.AsSpan(header.Length));
        bytes = bytes.Slice(reader.Consumed);
        frame = new NutFrame((int)id, present, (flags & NutFlags.Key) != NutFlags.None, payload);
        return true;
    }

    private static bool Field(ref NutFields reader, NutFlags flags, NutFlags flag, ref ulong value) => (flags & flag) == NutFlags.None
        || reader.TryNumber(out value);

    private static long Present(ref (int TimeBase, int Shift, long Last) clock, bool isCoded, ulong coded, int delta)
    {
        if (!isCoded)
        {
            clock.Last += delta;
        }
        else if (coded < 1UL << clock.Shift)
        {
            // Low-order bits: the timestamp with these bits that is nearest to the previous one.
            var mask = (1L << clock.Shift) - 1;
            var from = clock.Last - (mask / 2);
            clock.Last = (((long)coded - from) & mask) + from;
        }
        else
        {
            clock.Last = (long)(coded - (1UL << clock.Shift));
        }

        return clock.Last;
    }

    private static void Require(bool isValid, string error)
    {
        if (!isValid)
        {
            throw new InvalidNutException(error + ".");
        }
    }
}
