using System.Buffers;
using System.Text;

namespace Broadcast.Media;

/// <summary>
/// Chapters as bytes: <c>BCH1</c>, then whole numbers of 7 bits a byte, lowest first, those that may be negative with their sign in the lowest bit. What follows from the segment
/// before is told as the difference from that, mostly 0. One that has sheets of thumbnails is <c>BCH2</c>: the same, and the sheets behind.
/// </summary>
public static class ChapterFile
{
    /// <summary>Longest object read, in bytes.</summary>
    public const int MaxLength = 64 << 20;

    private const int MaxRenditions = 256;
    private const int MaxName = 64;
    private const int MaxSegments = 4 << 20;
    private const int SmallestSheet = 9;
    private const int MaxTiles = 100;
    private const int MaxSide = 65_536;
    private const int Discontinuity = 1;
    private const int Gap = 2;
    private const int Independent = 4;
    private const int NewClock = 8;

    private static ReadOnlySpan<byte> Magic => "BCH1"u8;

    private static ReadOnlySpan<byte> MagicWithSheets => "BCH2"u8;

    /// <summary>Writes a chapter.</summary>
    public static byte[] Write(Chapter chapter)
    {
        var output = new Output();
        output.Raw(chapter.Sheets.Count > 0 ? MagicWithSheets : Magic);
        output.Unsigned(chapter.First);
        output.Unsigned(chapter.Last - chapter.First);
        output.Unsigned(chapter.Discontinuities.Count);
        foreach (var number in chapter.Discontinuities)
        {
            output.Unsigned(number - chapter.First);
        }

        output.Unsigned(chapter.Renditions.Count);
        foreach (var rendition in chapter.Renditions)
        {
            var name = Encoding.UTF8.GetBytes(rendition.Name);
            output.Unsigned(name.Length);
            output.Raw(name);
            output.Unsigned(rendition.Segments.Count);
            output.Unsigned(rendition.Segments is [var first, ..] ? first.Number - chapter.First : 0);
            var before = default(ChapterSegment);
            foreach (var segment in rendition.Segments)
            {
                Write(ref output, segment, before);
                before = segment;
            }
        }

        if (chapter.Sheets.Count > 0)
        {
            Write(ref output, chapter.Sheets);
        }

        return output.ToArray();
    }

    /// <summary>Reads a chapter.</summary>
    /// <param name="bytes">The object.</param>
    /// <param name="wanted">Which renditions are wanted, by name; the others are left out. <see langword="null"/> for all.</param>
    /// <exception cref="InvalidDataException">It is none, or beyond what is read.</exception>
    public static Chapter Read(ReadOnlySpan<byte> bytes, Func<string, bool>? wanted = null)
    {
        var hasSheets = bytes.StartsWith(MagicWithSheets);
        if (!hasSheets && !bytes.StartsWith(Magic))
        {
            throw Broken();
        }

        var input = new Input(bytes[Magic.Length..]);
        var first = input.Unsigned(long.MaxValue / 2);
        var last = first + input.Unsigned(MaxSegments);
        var discontinuities = new long[input.Count()];
        for (var i = 0; i < discontinuities.Length; i++)
        {
            discontinuities[i] = first + input.Unsigned(last - first);
        }

        var renditions = new List<ChapterRendition>();
        var left = (int)input.Unsigned(MaxRenditions);
        for (; left > 0; left--)
        {
            var name = Encoding.UTF8.GetString(input.Raw((int)input.Unsigned(MaxName)));
            var count = input.Count();
            var number = first + input.Unsigned(last - first);
            if (number + count - 1 > last)
            {
                throw Broken();
            }

            // What is not wanted has to be read to find what follows it, but need not be kept.
            var segments = wanted?.Invoke(name) is false ? null : new ChapterSegment[count];
            var before = default(ChapterSegment);
            for (var i = 0; i < count; i++)
            {
                before = Read(ref input, number + i, before);
                if (segments is not null)
                {
                    segments[i] = before;
                }
            }

            if (segments is not null)
            {
                renditions.Add(new ChapterRendition(name, segments));
            }
        }

        return new Chapter(first, last, discontinuities, renditions) { Sheets = hasSheets ? ReadSheets(ref input) : [] };
    }

    private static void Write(ref Output output, IReadOnlyList<ChapterSheet> sheets)
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

    private static ChapterSheet[] ReadSheets(ref Input input)
    {
        var sheets = new ChapterSheet[input.Count(SmallestSheet)];
        for (var i = 0; i < sheets.Length; i++)
        {
            var start = ReadTime(ref input);
            var duration = ReadTime(ref input);
            var layout = new SheetLayout((int)input.Unsigned(MaxTiles), (int)input.Unsigned(MaxTiles), (int)input.Unsigned(MaxSide), (int)input.Unsigned(MaxSide));
            if (duration.Ticks < 1 || layout is { Columns: < 1 } or { Rows: < 1 } or { TileWidth: < 1 } or { TileHeight: < 1 })
            {
                throw Broken();
            }

            sheets[i] = new ChapterSheet(start, duration, layout, (int)input.Unsigned(int.MaxValue));
        }

        return sheets;
    }

    private static MediaTime ReadTime(ref Input input)
    {
        var clock = (int)input.Unsigned(int.MaxValue);
        return clock < 1 ? throw Broken() : new MediaTime(input.Unsigned(long.MaxValue / 2), clock);
    }

    private static void Write(ref Output output, ChapterSegment segment, ChapterSegment before)
    {
        var clock = segment.Start.Timescale;
        var isNewClock = clock != before.Start.Timescale;
        output.Unsigned((segment.Discontinuity ? Discontinuity : 0) | (segment.IsGap ? Gap : 0) | (segment.Independent ? Independent : 0) | (isNewClock ? NewClock : 0));
        if (isNewClock)
        {
            output.Unsigned(clock);
        }

        output.Signed(segment.Init - before.Init);
        output.Signed(segment.Start.Ticks - (isNewClock ? 0 : before.End.Ticks));
        output.Signed(segment.Duration.Ticks - (isNewClock ? 0 : before.Duration.Ticks));
        output.Signed(segment.WallClock.UtcTicks - Expected(before));
        output.Unsigned(segment.Length);
    }

    private static ChapterSegment Read(ref Input input, long number, ChapterSegment before)
    {
        var flags = input.Unsigned(15);
        var isNewClock = (flags & NewClock) != 0;
        var clock = isNewClock ? (int)input.Unsigned(int.MaxValue) : before.Start.Timescale;
        if (clock < 1)
        {
            throw Broken();
        }

        try
        {
            var init = checked((int)(before.Init + input.Signed()));
            var start = checked((isNewClock ? 0 : before.End.Ticks) + input.Signed());
            var duration = checked((isNewClock ? 0 : before.Duration.Ticks) + input.Signed());
            var wallClock = new DateTimeOffset(checked(Expected(before) + input.Signed()), TimeSpan.Zero);
            return new ChapterSegment(
                number, init, new MediaTime(start, clock), new MediaTime(duration, clock), wallClock,
                (flags & Discontinuity) != 0, (flags & Gap) != 0, (flags & Independent) != 0, input.Unsigned(long.MaxValue));
        }
        catch (Exception mistake) when (mistake is OverflowException or ArgumentOutOfRangeException)
        {
            throw Broken();
        }
    }

    private static long Expected(ChapterSegment before) => before.Duration.Timescale == 0 ? 0 : before.WallClock.UtcTicks + before.Duration.ToTimeSpan().Ticks;

    private static InvalidDataException Broken() => new("An object that a timeline calls a chapter is none.");

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
                throw Broken();
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

        public long Unsigned(long most)
        {
            var value = Read();
            return value <= (ulong)most ? (long)value : throw Broken();
        }

        /// <summary>A count of things of so many bytes or more each, so that they are no longer than what follows.</summary>
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

            throw Broken();
        }
    }
}
