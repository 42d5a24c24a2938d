using System.Globalization;

namespace Broadcast.Media.Codecs;

/// <content>AV1.</content>
public abstract partial record CodecConfig
{
    /// <summary>
    /// AV1: the AV1CodecConfigurationRecord of AV1 in ISO BMFF, 2.3. Encoders may omit the sequence header. It is then taken from the first
    /// sync sample (<see cref="CompleteFrom"/>) and added to the record.
    /// </summary>
    public sealed record Av1 : CodecConfig
    {
        /// <summary>Maximum record size in bytes. Typical records have 15 to 30.</summary>
        public const int MaxLength = 4096;

        private const int HeadLength = 4;

        private Av1(ReadOnlyMemory<byte> record, Av1SequenceHeader? sequence) => (Record, Sequence) = (record, sequence);

        /// <inheritdoc/>
        public override TrackKind Kind => TrackKind.Video;

        /// <summary>The configuration record, verbatim or with an updated sequence header.</summary>
        public override ReadOnlyMemory<byte> Record { get; }

        /// <summary>The sequence header; <see langword="null"/> before it is known.</summary>
        public Av1SequenceHeader? Sequence { get; }

        /// <inheritdoc/>
        public override VideoFormat? VideoFormat => Sequence?.VideoFormat;

        /// <summary>
        /// AV1 in ISO BMFF, 5: profile, level with tier, and bit depth. The optional fields follow when one of them differs from its
        /// default.
        /// </summary>
        public override string CodecString
        {
            get
            {
                var head = Record.Span;
                var (profile, level, isHigh) = Sequence is { } known ? (known.Profile, known.Level, known.IsHighTier)
                    : (head[1] >> 5, head[1] & 31, head[2] >= 0x80);
                var depth = Sequence?.BitDepth ?? ((head[2] & 0x40) == 0 ? 8 : (head[2] & 0x20) == 0 ? 10 : 12);
                var text = string.Create(CultureInfo.InvariantCulture, $"av01.{profile}.{level:00}{(isHigh ? 'H' : 'M')}.{depth:00}");
                if (Sequence is not { Chroma: var chroma, VideoFormat.Color: var color }
                    || (chroma is { IsMonochrome: false, SubsamplingX: true, SubsamplingY: true, Position: 0 }
                        && color is null or { Primaries: 1, Transfer: 1, Matrix: 1, FullRange: false }))
                {
                    return text;
                }

                color ??= new ColorDescription(1, 1, 1, FullRange: false);
                var (mono, across, down) = (chroma.IsMonochrome ? 1 : 0, chroma.SubsamplingX ? 1 : 0, chroma.SubsamplingY ? 1 : 0);
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{text}.{mono}.{across}{down}{chroma.Position}.{color.Primaries:00}.{color.Transfer:00}.{color.Matrix:00}.{(color.FullRange ? 1 : 0)}");
            }
        }

        /// <summary>Parses and validates a record; the bytes are copied.</summary>
        /// <exception cref="InvalidCodecConfigException">The record violates AV1 in ISO BMFF or AV1, or exceeds a limit; the message says
        /// where.</exception>
        public static Av1 Parse(ReadOnlySpan<byte> record)
        {
            if (record.Length is < HeadLength or > MaxLength)
            {
                throw new InvalidCodecConfigException(
                    $"An AV1 configuration record of {record.Length} bytes is invalid; expected {HeadLength} to {MaxLength} bytes.");
            }

            if (record[0] != 0x81)
            {
                throw new InvalidCodecConfigException(
                    $"An AV1 configuration record that starts with {record[0]:x2} is not supported; expected 81.");
            }

            var units = new ObuReader(record[HeadLength..]);
            Av1SequenceHeader? sequence = null;
            while (units.TryRead(out var type, out var payload))
            {
                sequence ??= type == ObuType.SequenceHeader ? Av1SequenceHeader.Parse(payload) : null;
            }

            return record.Length == HeadLength || units.IsValid
                ? new Av1(record.ToArray(), sequence)
                : throw new InvalidCodecConfigException("The OBUs of an AV1 configuration record extend past its end.");
        }

        /// <inheritdoc/>
        public override bool TryInspect(ReadOnlySpan<byte> payload, out FrameInfo frame) => ObuReader.TryInspect(payload, out frame);

        /// <inheritdoc/>
        public override CodecConfig CompleteFrom(ReadOnlySpan<byte> syncSample)
        {
            if (!ObuReader.TryFindSequence(syncSample, out var payload)
                || (ObuReader.TryFindSequence(Record.Span[HeadLength..], out var known) && known.SequenceEqual(payload)))
            {
                return this;
            }

            // SVT-AV1's record and stream differ in coding tools. Decoders take those from the stream, so players do not need a new
            // configuration.
            var sequence = Av1SequenceHeader.Parse(payload);
            if (sequence == Sequence)
            {
                return this;
            }

            var (chroma, head) = (sequence.Chroma, Record.Span[3]);
            byte[] size = payload.Length < 0x80 ? [(byte)payload.Length] : [(byte)(payload.Length | 0x80), (byte)(payload.Length >> 7)];
            byte[] record =
            [
                0x81,
                (byte)((sequence.Profile << 5) | sequence.Level),
                (byte)((sequence.IsHighTier ? 0x80 : 0) | (sequence.BitDepth > 8 ? 0x40 : 0) | (sequence.BitDepth == 12 ? 0x20 : 0)
                    | (chroma.IsMonochrome ? 0x10 : 0)
                    | (chroma.SubsamplingX ? 8 : 0) | (chroma.SubsamplingY ? 4 : 0) | chroma.Position),
                head,
                ((int)ObuType.SequenceHeader << 3) | 2,
                .. size,
                .. payload,
            ];
            return new Av1(record, sequence);
        }

        /// <summary>Returns whether the record bytes are equal.</summary>
        public bool Equals(Av1? other) => other is not null && Record.Span.SequenceEqual(other.Record.Span);

        /// <inheritdoc/>
        public override int GetHashCode() => HashOf(Record.Span);
    }
}
