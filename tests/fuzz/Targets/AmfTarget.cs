using System.Globalization;
using System.Text;
using Broadcast.Ingest.Rtmp.Amf;

namespace Broadcast.Fuzz.Tests.Targets;

/// <summary>AMF 0: a value that is read, written and read again is unchanged.</summary>
internal sealed class AmfTarget : RtmpTarget
{
    public override string Name => "amf";

    public override IReadOnlyList<byte[]> Words { get; } =
    [
        [0, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0], [0, 0x7F, 0xF8, 0, 0, 0, 0, 0, 0], [1, 1], [2, 0, 1, (byte)'a'], [3], [5], [6], [7, 0, 0],
        [8, 0, 0, 0, 1], [0, 0, 9], [10, 0, 0, 0, 1], [11],
        [12, 0, 0, 0, 1], [13], [15, 0, 0, 0, 1], [16, 0, 1, (byte)'T'], [17], [0, 1, (byte)'a'], [0xC3, 0x28],
    ];

    // A container needs a dictionary and a list, and takes five bytes; a property needs a text, a value and an entry.
    public override long MostAllocated(int length) => (400L * length) + (128 * 1024);

    public override void Run(byte[] input, ref Shape shape)
    {
        var reader = new AmfReader(input);
        var values = new List<AmfValue>();
        while (!reader.AtEnd)
        {
            values.Add(reader.Read());
        }

        foreach (var value in values)
        {
            Look(value, ref shape, 0);
        }

        if (values.TrueForAll(IsWritable))
        {
            var writer = new AmfWriter();
            foreach (var value in values)
            {
                Write(writer, value);
            }

            var again = new AmfReader(writer.Written);
            foreach (var value in values)
            {
                Hold(Render(again.Read()) == Render(value), "a value that was written is read as another");
            }

            Hold(again.AtEnd, "something was written that is not read");
        }
    }

    private static void Look(AmfValue value, ref Shape shape, int depth)
    {
        Hold(depth <= AmfReader.MaxDepth, "too deep");
        shape.Kind(value.GetType().Name[0]);
        switch (value)
        {
            case AmfValue.Text text:
                shape.Size(text.Value.Length);
                break;
            case AmfValue.Map map:
                foreach (var inner in map.Properties.Values)
                {
                    Look(inner, ref shape, depth + 1);
                }

                break;
            case AmfValue.StrictArray sequence:
                foreach (var inner in sequence.Items)
                {
                    Look(inner, ref shape, depth + 1);
                }

                break;
        }
    }

    /// <summary>
    /// Returns whether the writer supports a value, with a margin for replaced characters within the reader's length limit.
    /// </summary>
    private static bool IsWritable(AmfValue value) => value switch
    {
        AmfValue.Text text => text.Value.Length < 5000,
        AmfValue.Map map => map.Properties.All(p => p.Key.Length < 80 && IsWritable(p.Value)),
        AmfValue.StrictArray or AmfValue.Date => false,
        _ => true,
    };

    private static void Write(AmfWriter writer, AmfValue value)
    {
        switch (value)
        {
            case AmfValue.Number number:
                writer.Number(number.Value);
                break;
            case AmfValue.Boolean boolean:
                writer.Boolean(boolean.Value);
                break;
            case AmfValue.Text text:
                writer.Text(text.Value);
                break;
            case AmfValue.Map map:
                using (writer.Object())
                {
                    foreach (var (name, inner) in map.Properties)
                    {
                        writer.Name(name);
                        Write(writer, inner);
                    }
                }

                break;
            default:
                writer.Null();
                break;
        }
    }

    private static string Render(AmfValue value)
    {
        var text = new StringBuilder();
        Render(value, text);
        return text.ToString();
    }

    private static void Render(AmfValue value, StringBuilder text)
    {
        switch (value)
        {
            case AmfValue.Number number:
                text.Append(BitConverter.DoubleToInt64Bits(number.Value).ToString("x", CultureInfo.InvariantCulture));
                break;
            case AmfValue.Map map:
                text.Append('{');
                foreach (var (name, inner) in map.Properties)
                {
                    text.Append(name).Append('=');
                    Render(inner, text);
                }

                text.Append('}');
                break;
            default:
                text.Append(value);
                break;
        }

        text.Append(';');
    }
}
