using System.Buffers.Binary;
using System.Text;

namespace Broadcast.Ingest.Rtmp.Amf;

/// <summary>Reads AMF0 without recursion. Nesting uses an explicit stack with a limit; all other sizes are limited, too.</summary>
internal ref struct AmfReader(ReadOnlySpan<byte> bytes)
{
    /// <summary>Maximum nesting depth.</summary>
    public const int MaxDepth = 16;

    /// <summary>Maximum number of values in one message.</summary>
    public const int MaxValues = 1024;

    /// <summary>Maximum length of a property name, in bytes.</summary>
    public const int MaxNameBytes = 256;

    /// <summary>Maximum length of a string, in bytes.</summary>
    public const int MaxStringBytes = 16 * 1024;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _position;
    private int _values;

    /// <summary>Indicates whether everything has been read.</summary>
    public readonly bool AtEnd => _position >= _bytes.Length;

    /// <summary>
    /// Indicates whether the next value is AMF3 (AMF0, 3.1). Its length is unknown without decoding it, so reading ends there. Strings and
    /// numbers are AMF0 even from clients that chose AMF3.
    /// </summary>
    public readonly bool AtAmf3 => _position < _bytes.Length && _bytes[_position] == AmfMarker.Amf3;

    /// <summary>Reads one value with all nested values.</summary>
    /// <exception cref="RtmpProtocolException">The data is malformed or exceeds a limit.</exception>
    public AmfValue Read()
    {
        var containers = new Stack<Container>();
        while (true)
        {
            string? name = null;
            AmfValue? value = null;
            if (containers.TryPeek(out var top))
            {
                if (top.IsFinished(ref this, ref name))
                {
                    containers.Pop();
                    value = top.ToValue();
                    if (!containers.TryPeek(out top))
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
                if (containers.Count == MaxDepth)
                {
                    throw RtmpProtocolException.InvalidAmf($"more than {MaxDepth} nested objects.", "H39");
                }

                containers.Push(container);
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

    /// <summary>Reads a scalar, or the start of a container.</summary>
    private AmfValue? ReadScalar(out Container? container)
    {
        if (++_values > MaxValues)
        {
            throw RtmpProtocolException.InvalidAmf($"more than {MaxValues} values.", "H45");
        }

        container = null;
        var marker = ReadBytes(1)[0];
        switch (marker)
        {
            case AmfMarker.Number:
                return new AmfValue.Number(BinaryPrimitives.ReadDoubleBigEndian(ReadBytes(8)));
            case AmfMarker.Boolean:
                return new AmfValue.Boolean(ReadBytes(1)[0] != 0);
            case AmfMarker.String:
                return new AmfValue.Text(ReadString(BinaryPrimitives.ReadUInt16BigEndian(ReadBytes(2)), MaxStringBytes));
            case AmfMarker.LongString or AmfMarker.XmlDocument:
                return new AmfValue.Text(ReadString(BinaryPrimitives.ReadUInt32BigEndian(ReadBytes(4)), MaxStringBytes));
            case AmfMarker.Null or AmfMarker.Undefined or AmfMarker.Unsupported:
                return AmfValue.Null.Instance;
            case AmfMarker.Date:
                var milliseconds = BinaryPrimitives.ReadDoubleBigEndian(ReadBytes(8));
                ReadBytes(2);
                return new AmfValue.Date(milliseconds);
            case AmfMarker.Object:
                container = new Container(-1);
                return null;
            case AmfMarker.TypedObject:
                ReadString(BinaryPrimitives.ReadUInt16BigEndian(ReadBytes(2)), MaxNameBytes);
                container = new Container(-1);
                return null;
            case AmfMarker.EcmaArray:
                // The count is a hint (2.10) and often wrong; the end marker decides.
                ReadBytes(4);
                container = new Container(-1);
                return null;
            case AmfMarker.StrictArray:
                var count = BinaryPrimitives.ReadUInt32BigEndian(ReadBytes(4));
                if (count > _bytes.Length - _position)
                {
                    throw RtmpProtocolException.InvalidAmf($"an array of {count} values in {_bytes.Length - _position} bytes.", "H40");
                }

                container = new Container((int)count);
                return null;
            default:
                throw RtmpProtocolException.InvalidAmf($"marker 0x{marker:X2} at byte {_position - 1} is not supported.",
                    marker == AmfMarker.Reference ? "H44" : "");
        }
    }

    private ReadOnlySpan<byte> ReadBytes(long count)
    {
        if (count > _bytes.Length - _position)
        {
            throw RtmpProtocolException.InvalidAmf($"truncated at byte {_position} of {_bytes.Length}.", "H41");
        }

        var result = _bytes.Slice(_position, (int)count);
        _position += (int)count;
        return result;
    }

    private string ReadString(long length, int limit)
    {
        if (length > limit)
        {
            throw RtmpProtocolException.InvalidAmf($"a string of {length} bytes exceeds the limit of {limit}.",
                limit == MaxNameBytes ? "H45" : "H41");
        }

        return Encoding.UTF8.GetString(ReadBytes(length));
    }

    /// <summary>Container under construction: named values up to an end marker, or a fixed number of unnamed ones.</summary>
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

            name = reader.ReadString(BinaryPrimitives.ReadUInt16BigEndian(reader.ReadBytes(2)), MaxNameBytes);
            if (name.Length > 0)
            {
                return false;
            }

            return reader.ReadBytes(1)[0] == AmfMarker.ObjectEnd ? true
                : throw RtmpProtocolException.InvalidAmf("a property without a name.", "H43");
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

        public AmfValue ToValue() => items >= 0 ? new AmfValue.StrictArray(_items) : new AmfValue.Map(_properties);
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
