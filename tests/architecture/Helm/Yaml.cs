using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Broadcast.Architecture.Tests.Helm;

/// <summary>YAML documents as JSON.</summary>
internal static class Yaml
{
    /// <summary>Reads all documents of a text that are not empty. Merge keys (<c>&lt;&lt;</c>) are applied.</summary>
    public static List<JsonNode> ReadAll(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(document => ToJson(document.RootNode)).OfType<JsonNode>()];
    }

    /// <summary>Reads a single document.</summary>
    public static JsonObject Read(string text) => ReadAll(text).Single().AsObject();

    /// <summary>Converts to maps, lists and scalars.</summary>
    public static object? ToValue(JsonNode? node) => node switch
    {
        null => null,
        JsonObject map => map.ToDictionary(entry => entry.Key, entry => ToValue(entry.Value)),
        JsonArray list => list.Select(ToValue).ToList(),
        _ => node.GetValueKind() switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Number => node.GetValue<long>(),
            _ => node.GetValue<string>(),
        },
    };

    /// <summary>Applies values over others, map by map.</summary>
    public static JsonObject Merge(JsonObject under, JsonObject over)
    {
        var merged = under.DeepClone().AsObject();
        foreach (var (name, value) in over)
        {
            merged[name] = value is JsonObject inner && merged[name] is JsonObject below ? Merge(below, inner) : value?.DeepClone();
        }

        return merged;
    }

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode map => ToJson(map),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(ToJson)]),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: var text } => text switch
        {
            null or "" or "null" or "~" => null,
            "true" => JsonValue.Create(true),
            "false" => JsonValue.Create(false),
            _ => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? JsonValue.Create(number)
                : JsonValue.Create(text),
        },
        YamlScalarNode scalar => JsonValue.Create(scalar.Value),
        _ => throw new InvalidOperationException($"{node.NodeType} is not expected."),
    };

    private static JsonObject ToJson(YamlMappingNode map)
    {
        var result = new JsonObject();
        foreach (var (key, value) in map.Children)
        {
            var name = ((YamlScalarNode)key).Value!;
            if (name == "<<")
            {
                result = Merge(ToJson((YamlMappingNode)value), result);
            }
            else
            {
                result[name] = ToJson(value);
            }
        }

        return result;
    }
}
