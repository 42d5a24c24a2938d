using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Broadcast.Control.Api;

/// <summary>What the OpenAPI document says of endpoints; kept beside them, so that it cannot differ.</summary>
internal static class Description
{
    private const string Bearer = "bearer";
    private const string Login = "login";

    /// <summary>The type of problem details (RFC 9457).</summary>
    internal const string ProblemType = "application/problem+json";

    /// <summary>The role that a token or person must have.</summary>
    public static RouteHandlerBuilder Asks(this RouteHandlerBuilder endpoint, TokenRole role) =>
        endpoint.WithMetadata(new RequiredRole(role)).ProducesProblem(401, ProblemType).ProducesProblem(403, ProblemType);

    /// <summary>
    /// The shape of the body. Bodies are read by <see cref="RequestBody"/>, which lists every mistake. Bodies of any other type are let through to it, and to the gate before it: routing would refuse them to whoever comes, and without
    /// problem details. The document has JSON alone.
    /// </summary>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder endpoint)
        where T : notnull =>
        endpoint.Accepts<T>("application/json", ExampleWriter.AnyType).ProducesProblem(400, ProblemType).ProducesProblem(413, ProblemType).ProducesProblem(415, ProblemType);

    /// <summary>Its name, what it does, and its answers.</summary>
    public static RouteHandlerBuilder Describe<T>(this RouteHandlerBuilder endpoint, string name, string summary, int success = 200, params int[] problems) =>
        endpoint.Produces<T>(success).Describe(name, summary, 0, problems);

    /// <summary>Its name, what it does, and its answers, the good one without a body.</summary>
    public static RouteHandlerBuilder Describe(this RouteHandlerBuilder endpoint, string name, string summary, int success, params int[] problems)
    {
        if (success != 0)
        {
            endpoint.Produces(success);
        }

        // How often anybody asks is limited everywhere but where encoders do.
        foreach (var status in problems.Append(429).Distinct())
        {
            endpoint.ProducesProblem(status, ProblemType);
        }

        return endpoint.ProducesProblem(503, ProblemType).WithName(name).WithSummary(summary);
    }

    /// <summary>A list that is told a page at a time (<see cref="Paging"/>).</summary>
    /// <param name="endpoint">The list.</param>
    /// <param name="member">The member of the query by which one reads on.</param>
    /// <param name="most">How many rows a page has at most.</param>
    public static RouteHandlerBuilder Paged(this RouteHandlerBuilder endpoint, string member, int most) => endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
    {
        Sends(operation, "200", "Link", $"Where to read on, '<…>; rel=\"next\"' (RFC 8288), when the page is full. Its '{member}' is to be taken as it is. A page has at most 'limit' rows, 1 to {most}.");
        return Task.CompletedTask;
    });

    /// <summary>One thing whose answer has a tag (<see cref="ETags"/>).</summary>
    /// <param name="endpoint">Where it is read.</param>
    /// <param name="isFresh">Whether who has it already gets 304.</param>
    public static RouteHandlerBuilder Tagged(this RouteHandlerBuilder endpoint, bool isFresh = false)
    {
        if (isFresh)
        {
            endpoint.Produces(304);
        }

        return endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            Sends(operation, "200", "ETag", "The tag of what was read, for 'If-Match' of a change" + (isFresh ? " and 'If-None-Match' of the next reading." : "."));
            if (isFresh)
            {
                Reads(operation, "If-None-Match", "The tag of what you have: 304 while it is still that.");
            }

            return Task.CompletedTask;
        });
    }

    /// <summary>A change that is made only while its thing is as the caller read it, where they ask for that (<see cref="ETags"/>).</summary>
    /// <param name="endpoint">The change.</param>
    /// <param name="success">The status of the answer that has the new tag; 0 for none.</param>
    public static RouteHandlerBuilder Guarded(this RouteHandlerBuilder endpoint, int success = 0) =>
        endpoint.ProducesProblem(412, ProblemType).AddOpenApiOperationTransformer((operation, _, _) =>
        {
            Reads(operation, "If-Match", "The 'ETag' of what you read: 412, and nothing is changed, when somebody else changed it since. Without it, it is changed whatever it is.");
            if (success != 0)
            {
                Sends(operation, success.ToString(CultureInfo.InvariantCulture), "ETag", "The tag of what it is now.");
            }

            return Task.CompletedTask;
        });

    /// <summary>Tells of a header that an operation looks at.</summary>
    internal static void Reads(OpenApiOperation operation, string header, string description)
    {
        operation.Parameters ??= new List<IOpenApiParameter>();
        operation.Parameters.Add(new OpenApiParameter { Name = header, In = ParameterLocation.Header, Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } });
    }

    private static void Sends(OpenApiOperation operation, string status, string header, string description)
    {
        if (operation.Responses?.TryGetValue(status, out var found) == true && found is OpenApiResponse answer)
        {
            answer.Headers ??= new Dictionary<string, IOpenApiHeader>(StringComparer.Ordinal);
            answer.Headers[header] = new OpenApiHeader { Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
        }
    }

    /// <summary>Sets up the document.</summary>
    public static void Configure(OpenApiOptions options)
    {
        var optional = new ConcurrentDictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        options.AddSchemaTransformer((schema, context, _) =>
        {
            // Numbers are numbers here, in and out; what JSON readers would bear besides is no promise.
            if (schema.Type is { } type && type.HasFlag(JsonSchemaType.String) && (type.HasFlag(JsonSchemaType.Integer) || type.HasFlag(JsonSchemaType.Number)))
            {
                (schema.Type, schema.Pattern) = (type & ~JsonSchemaType.String, null);
            }

            if (context.JsonTypeInfo.Kind == JsonTypeInfoKind.Object)
            {
                optional[context.JsonTypeInfo.Type.Name] = [.. context.JsonTypeInfo.Properties.Where(p => p.IsGetNullable).Select(p => p.Name)];
            }

            return Task.CompletedTask;
        });
        options.AddDocumentTransformer((document, _, _) =>
        {
            // Answers have all their members. Of what is sent, those that may be null may be left out as well.
            var bodies = document.Paths.Values.SelectMany(p => p.Operations?.Values.AsEnumerable() ?? []).SelectMany(o => o.RequestBody?.Content?.Values.AsEnumerable() ?? [])
                .Select(c => c.Schema).OfType<OpenApiSchemaReference>().Select(r => r.Reference.Id).OfType<string>().Distinct(StringComparer.Ordinal);
            foreach (var body in bodies)
            {
                if (document.Components?.Schemas?.TryGetValue(body, out var schema) == true)
                {
                    schema.Required?.ExceptWith(optional.GetValueOrDefault(body) ?? []);
                }
            }

            return Task.CompletedTask;
        });
        options.ShouldInclude = endpoint => endpoint.RelativePath?.StartsWith("api/v1/", StringComparison.Ordinal) == true;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new() { Title = "Broadcast", Version = "v1", Description = "Channels, stream keys, sessions, recordings, people and tokens. Problems are told as RFC 9457 has it." };
            document.Components ??= new();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
            document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = Bearer,
                Description = "A token made by 'broadcast token create' or POST /api/v1/tokens.",
            };
            document.Components.SecuritySchemes[Login] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Cookie,
                Name = LoginCookie.Secure,
                Description = "The cookie that POST /api/v1/login sets; over plain HTTP its name has no '__Host-'. What is no GET also needs the browser's word that a page of this server asked ('Sec-Fetch-Site' or 'Origin').",
            };
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<RequiredRole>().FirstOrDefault() is { } required)
            {
                operation.Security =
                [
                    new() { [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [] },
                    new() { [new OpenApiSecuritySchemeReference(Login, context.Document)] = [] },
                ];
                var scope = Scopes.Of(context.Description.HttpMethod ?? "GET", context.Description.RelativePath is { } path ? "/" + path : "");
                operation.Description = $"Needs the role {Roles.Name(required.Role)}, or a mightier one." + (Scopes.Names.Contains(scope, StringComparer.Ordinal) ? $" Scope {scope}." : "");
            }

            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<NotCounted>().Any())
            {
                operation.Responses?.Remove("429");
            }

            Sends(operation, "429", "Retry-After", "How many seconds to wait, where that is known.");
            Sends(operation, "503", "Retry-After", "How many seconds to wait.");
            ExampleWriter.Write(operation, context);
            return Task.CompletedTask;
        });
    }
}
