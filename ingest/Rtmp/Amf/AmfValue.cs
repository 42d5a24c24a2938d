namespace Broadcast.Ingest.Rtmp.Amf;

/// <summary>AMF0 value (Adobe AMF0, 2), for the types that encoders use.</summary>
internal abstract record AmfValue
{
    private AmfValue() { }

    /// <summary>A double, including NaN and infinities. Check the range before converting it to an integer.</summary>
    public sealed record Number(double Value) : AmfValue;

    /// <summary>A Boolean.</summary>
    public sealed record Boolean(bool Value) : AmfValue;

    /// <summary>A string, long string or XML document; invalid UTF-8 is replaced.</summary>
    public sealed record Text(string Value) : AmfValue;

    /// <summary>Null, undefined and unsupported.</summary>
    public sealed record Null : AmfValue
    {
        public static Null Instance { get; } = new();
    }

    /// <summary>An object, typed object or ECMA array. The last of several properties with the same name counts.</summary>
    public sealed record Map(IReadOnlyDictionary<string, AmfValue> Properties) : AmfValue;

    /// <summary>A strict array.</summary>
    public sealed record StrictArray(IReadOnlyList<AmfValue> Items) : AmfValue;

    /// <summary>A date, in milliseconds since 1970.</summary>
    public sealed record Date(double Milliseconds) : AmfValue;

    /// <summary>Gets a property, or <see cref="Null"/> when this is not a map or has no such property.</summary>
    public AmfValue Find(string name) => this is Map map && map.Properties.TryGetValue(name, out var value) ? value : Null.Instance;

    /// <summary>
    /// Gets a number property, or <see langword="null"/> when this is not a map, or the number is absent, NaN or out of range.
    /// </summary>
    public double? GetNumber(string name, double min, double max) =>
        Find(name) is Number { Value: var number } && number >= min && number <= max ? number : null;

    /// <summary>Gets a string property, or <see langword="null"/> when this is not a map or has no such string.</summary>
    public string? GetText(string name) => this is Map map && map.Properties.TryGetValue(name, out var value) && value is Text text
        ? text.Value
        : null;
}
