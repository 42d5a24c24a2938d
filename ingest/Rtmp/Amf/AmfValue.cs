namespace Broadcast.Ingest.Rtmp.Amf;

/// <summary>A value of AMF0 (Adobe AMF0, 2), as far as encoders use them.</summary>
internal abstract record AmfValue
{
    private AmfValue() { }

    /// <summary>A double, NaN and infinities included: test its range before making an integer of it.</summary>
    public sealed record Number(double Value) : AmfValue;

    /// <summary>A truth value.</summary>
    public sealed record Boolean(bool Value) : AmfValue;

    /// <summary>A string, long string or XML document; broken UTF-8 is replaced.</summary>
    public sealed record Text(string Value) : AmfValue;

    /// <summary>Null, undefined and unsupported.</summary>
    public sealed record Nothing : AmfValue
    {
        public static Nothing Instance { get; } = new();
    }

    /// <summary>An object, typed object or ECMA array. Of names that come twice the last counts.</summary>
    public sealed record Map(IReadOnlyDictionary<string, AmfValue> Properties) : AmfValue;

    /// <summary>A strict array.</summary>
    public sealed record Sequence(IReadOnlyList<AmfValue> Items) : AmfValue;

    /// <summary>A date: milliseconds since 1970.</summary>
    public sealed record Date(double Milliseconds) : AmfValue;

    /// <summary>A property, or <see cref="Nothing"/> when this is no map or has none of that name.</summary>
    public AmfValue Find(string name) => this is Map map && map.Properties.TryGetValue(name, out var value) ? value : Nothing.Instance;

    /// <summary>A property's number, or <see langword="null"/> when this is no map, or it has no such number, or that is outside a range (as NaN always is).</summary>
    public double? NumberOf(string name, double min, double max) =>
        Find(name) is Number { Value: var number } && number >= min && number <= max ? number : null;

    /// <summary>A property's text, or <see langword="null"/> when this is no map or has no such text.</summary>
    public string? TextOf(string name) => this is Map map && map.Properties.TryGetValue(name, out var value) && value is Text text ? text.Value : null;
}
