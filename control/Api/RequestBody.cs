using System.Globalization;
using System.Text.Json;
using Broadcast.Control.Recordings;
using Broadcast.Database;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Control.Api;

/// <summary>
/// Reads a JSON object of a request, member by member, and collects all errors, including unknown members, for one response.
/// </summary>
internal sealed class RequestBody
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };
    private readonly Dictionary<string, JsonElement> _members;
    private readonly HashSet<string> _knownMembers = new(StringComparer.Ordinal);
    private readonly List<ValidationError> _errors = [];

    private RequestBody(Dictionary<string, JsonElement> members) => _members = members;

    /// <summary>Reads a body of at most <paramref name="limit"/> bytes.</summary>
    /// <exception cref="BadHttpRequestException">The body is too large (413) or its media type is not JSON (415).</exception>
    /// <exception cref="OperationException">The body is not a JSON object.</exception>
    public static async Task<RequestBody> ReadAsync(HttpRequest request, int limit, CancellationToken cancellationToken) =>
        Parse(await BytesAsync(request, limit, cancellationToken));

    /// <summary>Reads a JSON body of at most <paramref name="limit"/> bytes without parsing it.</summary>
    /// <exception cref="BadHttpRequestException">The body is too large (413) or its media type is not JSON (415).</exception>
    public static async Task<ReadOnlyMemory<byte>> BytesAsync(HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (!request.HasJsonContentType())
        {
            throw new BadHttpRequestException("Send the body as application/json.", StatusCodes.Status415UnsupportedMediaType);
        }

        using var buffer = new MemoryStream();
        var chunk = new byte[4096];
        while (await request.Body.ReadAsync(chunk, cancellationToken) is var read and > 0)
        {
            if (buffer.Length + read > limit)
            {
                throw new BadHttpRequestException($"The body exceeds {limit} bytes.", StatusCodes.Status413PayloadTooLarge);
            }

            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }

    internal static RequestBody Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return new(document.RootElement.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.Clone(), StringComparer.Ordinal));
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // An invalid document, or a member name in invalid UTF-16.
        }

        throw new OperationException([new("body", "The body must be a JSON object without duplicate members.")]);
    }

    /// <summary>Reads a string; <see langword="null"/> when it is absent or not a string.</summary>
    public string? Text(string name, bool required = false)
    {
        if (Find(name, required) is not { } value)
        {
            return null;
        }

        return TextOf(value) ?? Invalid<string>(name, "a string");
    }

    /// <summary>Reads a list of strings.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        if (Find(name, required: false) is not { } value)
        {
            return null;
        }

        var texts = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(TextOf).ToList() : [null];
        return texts.Contains(null) ? Invalid<List<string>>(name, "a list of strings") : [.. texts.Select(t => t!)];
    }

    /// <summary>Reads a list of 32-bit integers.</summary>
    public IReadOnlyList<int>? Numbers(string name)
    {
        if (Find(name, required: false) is not { } value)
        {
            return null;
        }

        var numbers = new List<int>();
        if (value.ValueKind != JsonValueKind.Array)
        {
            return Invalid<List<int>>(name, "a list of integers");
        }

        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out var number))
            {
                return Invalid<List<int>>(name, "a list of integers");
            }

            numbers.Add(number);
        }

        return numbers;
    }

    /// <summary>Reads a 32-bit integer.</summary>
    public int? Number(string name) =>
        Find(name, required: false) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
        : InvalidValue<int>(name, "an integer");

    /// <summary>Reads a Boolean.</summary>
    public bool? Boolean(string name) => Find(name, required: false) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : InvalidValue<bool>(name, "true or false");

    /// <summary>Reads a time with its offset from UTC (RFC 3339).</summary>
    public DateTimeOffset? Instant(string name) =>
        Text(name) is not { } text ? null
        : DateTimeOffset.TryParseExact(
            text,
            ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"],
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var at) ? at.ToUniversalTime() : InvalidValue<DateTimeOffset>(name, "a time such as 2030-01-31T18:00:00Z");

    /// <summary>Reads a time in a recording: a number of seconds, or a string
    /// (<see cref="Broadcast.Control.Recordings.RecordingPosition"/>).</summary>
    public RecordingPosition? Moment(string name, bool required = false)
    {
        if (Find(name, required) is not { } value)
        {
            return null;
        }

        RecordingPosition moment = default;
        var isValid = value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetDouble(out var seconds)
                && Broadcast.Control.Recordings.RecordingPosition.TryCreate(seconds, out moment),
            JsonValueKind.String => Broadcast.Control.Recordings.RecordingPosition.TryParse(TextOf(value), out moment),
            _ => false,
        };
        if (!isValid)
        {
            _errors.Add(new(name, Broadcast.Control.Recordings.RecordingPosition.Rule(name)));
        }

        return moment;
    }

    /// <summary>Reads one of several names.</summary>
    public string? OneOf(string name, IReadOnlyList<string> names, bool required = false) =>
        Text(name, required) is not { } text ? null : names.Contains(text, StringComparer.Ordinal) ? text
        : Invalid<string>(name, $"one of {string.Join(", ", names)}");

    /// <summary>Rejects the request when it has errors, including those that the rules found.</summary>
    /// <exception cref="OperationException">The request has errors.</exception>
    public void ThrowIfInvalid(IEnumerable<ValidationError> rules)
    {
        foreach (var name in _members.Keys.Where(n => !_knownMembers.Contains(n)).Take(20))
        {
            var displayName = new string([.. name.Take(40).Where(c => !char.IsControl(c) && !char.IsSurrogate(c))]);
            _errors.Add(new(displayName, $"Unknown member '{displayName}'; known members are {string.Join(", ", _knownMembers)}."));
        }

        _errors.AddRange(rules.Where(rule => !_errors.Exists(m => m.Member == rule.Member)));
        if (_errors.Count > 0)
        {
            throw new OperationException(_errors);
        }
    }

    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;   // lone surrogates
        }
    }

    private JsonElement? Find(string name, bool required)
    {
        _knownMembers.Add(name);
        if (_members.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null)
        {
            return value;
        }

        if (required)
        {
            _errors.Add(new(name, $"'{name}' is missing."));
        }

        return null;
    }

    private T? Invalid<T>(string name, string expected)
        where T : class
    {
        _errors.Add(new(name, $"'{name}' must be {expected}."));
        return null;
    }

    private T? InvalidValue<T>(string name, string expected)
        where T : struct
    {
        _errors.Add(new(name, $"'{name}' must be {expected}."));
        return null;
    }
}
