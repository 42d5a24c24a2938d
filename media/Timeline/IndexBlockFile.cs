using System.Buffers;
using System.Text;
using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Media.Timeline;

/// <summary>
/// Serializes index blocks. The format is <c>BCH1</c>, then integers with 7 bits per byte, lowest first; signed integers have their sign in
/// the lowest bit. Values are stored as differences from the value predicted by the previous segment, which are mostly 0. <c>BCH2</c> is
/// used for blocks with sprite sheets, which are appended.
/// </summary>
public static class IndexBlockFile
{
    /// <summary>Maximum object size in bytes.</summary>
    public const int MaxLength = 64 << 20;

    /// <summary>Maximum number of renditions in a block: far more than a session can have.</summary>
    public const int MaxRenditions = 1024;

    private const int MaxName = 64;
    private const int MaxSegments = 4 << 20;
    private const int MinSheetLength = 9;
    private const int MaxTiles = 100;
    private const int MaxSide = 65_536;
    private const int Discontinuity = 1;
    private const int Gap = 2;
    private const int Independent = 4;
    private const int NewTimescale = 8;

    private static ReadOnlySpan<byte> Magic => "BCH1"u8;

    private static ReadOnlySpan<byte> MagicWithSheets => "BCH2"u8;

    /// <summary>Serializes an index block.</summary>
    /// <exception cref="InvalidDataException">The block exceeds a limit that parsing enforces.</exception>
    public static byte[] Write(IndexBlock block)
    {
        if (block.Renditions.Count > MaxRenditions)
        {
            throw new InvalidDataException(
                $"The index block of segments {block.First} to {block.Last} has {block.Renditions.Count} renditions; the maximum is {MaxRenditions}.");
        }

        var output = new Output();
        output.Raw(block.SpriteSheets.Count > 0 ? MagicWithSheets : Magic);
        output.Unsigned(block.First);
        output.Unsigned(block.Last - block.First);
        output.Unsigned(block.Discontinuities.Count);
        foreach (var number in block.Discontinuities)
        {
            output.Unsigned(number - block.First);
        }

        output.Unsigned(block.Renditions.Count);
        foreach (var rendition in block.Renditions)
        {
            var name = Encoding.UTF8.GetBytes(rendition.Name);
            output.Unsigned(name.Length);
            output.Raw(name);
            output.Unsigned(rendition.Segments.Count);
            output.Unsigned(rendition.Segments is [var first, ..] ? first.Number - block.First : 0);
            var previous = default(IndexedSegment);
            foreach (var segment in rendition.Segments)
            {
                Write(ref output, segment, previous);
                previous = segment;
            }
        }

        if (block.SpriteSheets.Count > 0)
        {
            Write(ref output, block.SpriteSheets);
        }

        return output.ToArray();
    }

    /// <summary>Parses an index block.</summary>
    /// <param name="bytes">Content of the object.</param>
    /// <param name="filter">Selects renditions by name; the others are skipped. <see langword="null"/> selects all.</param>
    /// <exception cref="InvalidDataException">The bytes are not an index block, or exceed a limit.</exception>
    public static IndexBlock Read(ReadOnlySpan<byte> bytes, Func<string, bool>? filter = null)
    {
        var hasSheets = bytes.StartsWith(MagicWithSheets);
        if (!hasSheets && !bytes.StartsWith(Magic))
        {
            throw Malformed();
        }

        var input = new Input(bytes[Magic.Length..]);
        var first = input.Unsigned(long.MaxValue / 2);
        var last = first + input.Unsigned(MaxSegments);
        var discontinuities = new long[input.Count()];
        for (var i = 0; i < discontinuities.Length; i++)
        {
            discontinuities[i] = first + input.Unsigned(last - first);
        }

        var renditions = new List<IndexedRendition>();
        var remaining = (int)input.Unsigned(MaxRenditions);
        for (; remaining > 0; remaining--)
        {
            var name = Encoding.UTF8.GetString(input.Raw((int)input.Unsigned(MaxName)));
            var count = input.Count();
            var number = first + input.Unsigned(last - first);
            if (number + count - 1 > last)
            {
                throw Malformed();
            }

            // Skipped renditions must still be parsed to find the next one.
            var segments = filter?.Invoke(name) is false ? null : new IndexedSegment[count];
            var previous = default(IndexedSegment);
            for (var i = 0; i < count; i++)
            {
                previous = Read(ref input, number + i, previous);
                if (segments is not null)
                {
                    segments[i] = previous;
                }
            }

            if (segments is not null)
            {
                renditions.Add(new IndexedRendition(name, segments));
            }
        }

        return new IndexBlock(first, last, discontinuities, renditions) { SpriteSheets = hasSheets ? ReadSheets(ref input) : [] };
    }

    private static void Write(ref Output output, IReadOnlyList<IndexedSpriteSheet> sheets)
    {
        output.Unsigned(sheets.Count);
        foreach (var sheet in sheets)
        {
            output.Unsigned(sheet.Start.Timescale);
            output.Unsigned(sheet.Start.Ticks);
            output.Unsigned(sheet.Duration.Timescale);
            output.Unsigned(sheet.Duration.Ticks);
            output.Unsigned(sheet.Layout.Columns);
            output.Unsigned(sheet.Layout.Rows);
            output.Unsigned(sheet.Layout.TileWidth);
            output.Unsigned(sheet.Layout.TileHeight);
            output.Unsigned(sheet.Length);
        }
    }

    private static IndexedSpriteSheet[] ReadSheets(ref Input input)
    {
        var sheets = new IndexedSpriteSheet[input.Count(MinSheetLength)];
        for (var i = 0; i < sheets.Length; i++)
        {
            var start = ReadTime(ref input);
            var duration = ReadTime(ref input);
            var layout = new SpriteSheetLayout((int)input.Unsigned(MaxTiles), (int)input.Unsigned(MaxTiles), (int)input.Unsigned(MaxSide),
                (int)input.Unsigned(MaxSide));
            if (duration.Ticks < 1 || layout is { Columns: < 1 } or { Rows: < 1 } or { TileWidth: < 1 } or { TileHeight: < 1 })
            {
                throw Malformed();
            }

            sheets[i] = new IndexedSpriteSheet(start, duration, layout, (int)input.Unsigned(int.MaxValue));
        }

        return sheets;
    }

    private static MediaTime ReadTime(ref Input input)
    {
        var clock = (int)input.Unsigned(int.MaxValue);
        return clock < 1 ? throw Malformed() : new MediaTime(input.Unsigned(long.MaxValue / 2), clock);
    }

    private static void Write(ref Output output, IndexedSegment segment, IndexedSegment previous)
    {
        var clock = segment.Start.Timescale;
        var isNewTimescale = clock != previous.Start.Timescale;
        output.Unsigned((segment.Discontinuity ? Discontinuity : 0) | (segment.IsGap ? Gap : 0) | (segment.Independent ? Independent : 0)
            | (isNewTimescale ? NewTimescale : 0));
        if (isNewTimescale)
        {
            output.Unsigned(clock);
        }

        output.Signed(segment.Init - previous.Init);
        output.Signed(segment.Start.Ticks - (isNewTimescale ? 0 : previous.End.Ticks));
        output.Signed(segment.Duration.Ticks - (isNewTimescale ? 0 : previous.Duration.Ticks));
        output.Signed(segment.WallClock.UtcTicks - PredictedWallClock(previous));
        output.Unsigned(segment.Length);
    }

    private static IndexedSegment Read(ref Input input, long number, IndexedSegment previous)
    {
        var flags = input.Unsigned(15);
        var isNewTimescale = (flags & NewTimescale) != 0;
        var clock = isNewTimescale ? (int)input.Unsigned(int.MaxValue) : previous.Start.Timescale;
        if (clock < 1)
        {
            throw Malformed();
        }

        try
        {
            var init = checked((int)(previous.Init + input.Signed()));
            var start = checked((isNewTimescale ? 0 : previous.End.Ticks) + input.Signed());
            var duration = checked((isNewTimescale ? 0 : previous.Duration.Ticks) + input.Signed());
            var wallClock = new DateTimeOffset(checked(PredictedWallClock(previous) + input.Signed()), TimeSpan.Zero);
            return new IndexedSegment(
                number, init, new MediaTime(start, clock), new MediaTime(duration, clock), wallClock,
                (flags & Discontinuity) != 0, (flags & Gap) != 0, (flags & Independent) != 0, input.Unsigned(long.MaxValue));
        }
        catch (Exception error) when (error is OverflowException or ArgumentOutOfRangeException)
        {
            throw Malformed();
        }
    }

    private static long PredictedWallClock(IndexedSegment previous) =>
        previous.Duration.Timescale == 0 ? 0 : previous.WallClock.UtcTicks + previous.Duration.ToTimeSpan().Ticks;

    private static InvalidDataException Malformed() => new("The object is not a valid index block.");

    private readonly ref struct Output
    {
        private readonly ArrayBufferWriter<byte> _buffer = new(4096);

        public Output()
        {
        }

        public void Raw(ReadOnlySpan<byte> bytes) => _buffer.Write(bytes);

        public void Signed(long value) => Write((ulong)((value << 1) ^ (value >> 63)));

        public void Unsigned(long value)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            Write((ulong)value);
        }

        public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

        private void Write(ulong value)
        {
            var span = _buffer.GetSpan(10);
            var count = 0;
            while (value >= 0x80)
            {
                span[count++] = (byte)(value | 0x80);
                value >>= 7;
            }

            span[count++] = (byte)value;
            _buffer.Advance(count);
        }
    }

    private ref struct Input(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public ReadOnlySpan<byte> Raw(int count)
        {
            if (count > _rest.Length)
            {
                throw Malformed();
            }

            var taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }

        public long Signed()
        {
            var value = Read();
            return (long)(value >> 1) ^ -(long)(value & 1);
        }

        public long Unsigned(long max)
        {
            var value = Read();
            return value <= (ulong)max ? (long)value : throw Malformed();
        }

        /// <summary>Reads the number of items with a minimum size each, limited by the remaining bytes.</summary>
        public int Count(int size = 1) => (int)Unsigned(_rest.Length / size);

        private ulong Read()
        {
            ulong value = 0;
            for (var i = 0; i < 10 && i < _rest.Length; i++)
            {
                value |= (ulong)(_rest[i] & 0x7f) << (7 * i);
                if (_rest[i] < 0x80)
                {
                    _rest = _rest[(i + 1)..];
                    return value;
                }
            }

            throw Malformed();
        }
    }
}
