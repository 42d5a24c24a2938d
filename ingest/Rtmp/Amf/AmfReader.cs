using System.Buffers.Binary;
using System.Text;

namespace Broadcast.Ingest.Rtmp.Amf;

/// <summary>Reads AMF0 without recursion: nesting lives on a stack of its own with a limit, and so do all other measures.</summary>
internal ref struct AmfReader(ReadOnlySpan<byte> bytes)
{
    /// <summary>Most containers inside one another.</summary>
    public const int MaxDepth = 16;

    /// <summary>Most values in one message.</summary>
    public const int MaxValues = 1024;

    /// <summary>Longest property name, bytes.</summary>
    public const int MaxName = 256;

    /// <summary>Longest string, bytes.</summary>
    public const int MaxText = 16 * 1024;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _position;
    private int _values;

    /// <summary>Whether everything has been read.</summary>
    public readonly bool AtEnd => _position >= _bytes.Length;

    /// <summary>
    /// Whether a value in AMF3 is next (AMF0, 3.1). It cannot be told where that ends without decoding it, so it is the end of what can be read; texts and
    /// numbers come in AMF0 even from clients that chose AMF3.
    /// </summary>
    public readonly bool AtAmf3 => _position < _bytes.Length && _bytes[_position] == AmfMarker.Amf3;

    /// <summary>Reads one value with all that is inside it.</summary>
    /// <exception cref="RtmpProtocolException">It is broken or over a limit.</exception>
    public AmfValue Read()
    {
        var open = new Stack<Container>();
        while (true)
        {
            string? name = null;
            AmfValue? value = null;
            if (open.TryPeek(out var top))
            {
                if (top.IsFinished(ref this, ref name))
                {
                    open.Pop();
                    value = top.Finish();
                    if (!open.TryPeek(out top))
                    {
                        return value;
                    }

                    top.Add(value);
                    continue;
                }

                top.Name = name;
            }

            value = ReadScalar(out var container);
            if (container is not null)
            {
                if (open.Count == MaxDepth)
                {
                    throw RtmpProtocolException.Amf($"more than {MaxDepth} objects inside one another.", "H39");
                }

                open.Push(container);
            }
            else if (top is null)
            {
                return value!;
            }
            else
            {
                top.Add(value!);
            }
        }
    }

    /// <summary>Reads a value that holds no others, or the beginning of one that does.</summary>
    private AmfValue? ReadScalar(out Container? container)
    {
        if (++_values > MaxValues)
        {
            throw RtmpProtocolException.Amf($"more than {MaxValues} values.", "H45");
        }

        container = null;
        var marker = Take(1)[0];
        switch (marker)
        {
            case AmfMarker.Number:
                return new AmfValue.Number(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
            case AmfMarker.Boolean:
                return new AmfValue.Boolean(Take(1)[0] != 0);
            case AmfMarker.String:
                return new AmfValue.Text(TakeText(BinaryPrimitives.ReadUInt16BigEndian(Take(2)), MaxText));
            case AmfMarker.LongString or AmfMarker.XmlDocument:
                return new AmfValue.Text(TakeText(BinaryPrimitives.ReadUInt32BigEndian(Take(4)), MaxText));
            case AmfMarker.Null or AmfMarker.Undefined or AmfMarker.Unsupported:
                return AmfValue.Nothing.Instance;
            case AmfMarker.Date:
                var milliseconds = BinaryPrimitives.ReadDoubleBigEndian(Take(8));
                Take(2);
                return new AmfValue.Date(milliseconds);
            case AmfMarker.Object:
                container = new Container(-1);
                return null;
            case AmfMarker.TypedObject:
                TakeText(BinaryPrimitives.ReadUInt16BigEndian(Take(2)), MaxName);
                container = new Container(-1);
                return null;
            case AmfMarker.EcmaArray:
                // The count is a hint (2.10) and often wrong; the end marker decides.
                Take(4);
                container = new Container(-1);
                return null;
            case AmfMarker.StrictArray:
                var count = BinaryPrimitives.ReadUInt32BigEndian(Take(4));
                if (count > _bytes.Length - _position)
                {
                    throw RtmpProtocolException.Amf($"an array of {count} values in {_bytes.Length - _position} bytes.", "H40");
                }

                container = new Container((int)count);
                return null;
            default:
                throw RtmpProtocolException.Amf($"marker 0x{marker:X2} at byte {_position - 1} is not taken.", marker == AmfMarker.Reference ? "H44" : "");
        }
    }

    private ReadOnlySpan<byte> Take(long count)
    {
        if (count > _bytes.Length - _position)
        {
            throw RtmpProtocolException.Amf($"it ends early, at byte {_position} of {_bytes.Length}.", "H41");
        }

        var taken = _bytes.Slice(_position, (int)count);
        _position += (int)count;
        return taken;
    }

    private string TakeText(long length, int limit)
    {
        if (length > limit)
        {
            throw RtmpProtocolException.Amf($"a text of {length} bytes is over the limit of {limit}.", limit == MaxName ? "H45" : "H41");
        }

        return Encoding.UTF8.GetString(Take(length));
    }

    /// <summary>A container whose values are still coming: named ones up to an end marker, or a number of unnamed ones.</summary>
    private sealed class Container(int items)
    {
        private readonly Dictionary<string, AmfValue> _properties = new(StringComparer.Ordinal);
        private readonly List<AmfValue> _items = [];

        public string? Name { get; set; }

        public bool IsFinished(ref AmfReader reader, ref string? name)
        {
            if (items >= 0)
            {
                return _items.Count == items;
            }

            name = reader.TakeText(BinaryPrimitives.ReadUInt16BigEndian(reader.Take(2)), MaxName);
            if (name.Length > 0)
            {
                return false;
            }

            return reader.Take(1)[0] == AmfMarker.ObjectEnd ? true : throw RtmpProtocolException.Amf("a property without a name.", "H43");
        }

        public void Add(AmfValue value)
        {
            if (items >= 0)
            {
                _items.Add(value);
            }
            else
            {
                _properties[Name!] = value;
            }
        }

        public AmfValue Finish() => items >= 0 ? new AmfValue.Sequence(_items) : new AmfValue.Map(_properties);
    }
}

/// <summary>Type markers (AMF0, 2.1).</summary>
internal static class AmfMarker
{
    public const byte Number = 0;
    public const byte Boolean = 1;
    public const byte String = 2;
    public const byte Object = 3;
    public const byte Null = 5;
    public const byte Undefined = 6;
    public const byte Reference = 7;
    public const byte EcmaArray = 8;
    public const byte ObjectEnd = 9;
    public const byte StrictArray = 10;
    public const byte Date = 11;
    public const byte LongString = 12;
    public const byte Unsupported = 13;
    public const byte XmlDocument = 15;
    public const byte TypedObject = 16;
    public const byte Amf3 = 17;
}
