import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.VelocityEngine;

/**
 * Renders mapping templates with Apache Velocity, with $input, $util and $context as AWS documents them.
 *
 * Reads a line for each request: "template extendedRequestId requestId requestTimeEpoch xrayTraceId source
 * headers body", each in base64, "." where it is empty and "-" where there is none; headers are "name:value,name:value", again each
 * in base64. Writes a line for each: "ok rendered status X-Hook-Secret" or "error reason", likewise.
 *
 * Each request is rendered once for every way in which Velocity 2 treats the space around directives; where
 * they differ, that is an error.
 */
public class Render {
    public static final class Input {
        private final String body;
        private final Map<String, Map<String, String>> params = new LinkedHashMap<>();

        Input(String body, String source, Map<String, String> headers) {
            this.body = body;
            params.put("path", source == null ? Map.of() : Map.of("source", source));
            params.put("querystring", Map.of());
            params.put("header", headers);
        }

        public String getBody() {
            return body;
        }

        public Map<String, Map<String, String>> params() {
            return params;
        }

        /** Path, query string and header, in this order; empty where none has it. */
        public String params(String name) {
            return params.values().stream().map(of -> of.get(name)).filter(v -> v != null).findFirst().orElse("");
        }
    }

    public static final class Util {
        public String base64Encode(String text) {
            return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
        }

        public String urlEncode(String text) {
            return URLEncoder.encode(text, StandardCharsets.UTF_8);
        }
    }

    private static List<VelocityEngine> engines() {
        List<VelocityEngine> engines = new ArrayList<>();
        for (String gobbling : List.of("none", "bc", "lines", "structured")) {
            VelocityEngine engine = new VelocityEngine();
            engine.setProperty("parser.space_gobbling", gobbling);
            engine.setProperty("parser.allow_hyphen_in_identifiers", true);
            // What version 1 logs to a file by itself, and 2 nowhere.
            engine.setProperty("runtime.log.logsystem.class", "org.apache.velocity.runtime.log.NullLogChute");
            engine.init();
            engines.add(engine);
        }
        return engines;
    }

    private static String decode(String field) {
        if (field.equals("-")) {
            return null;
        }
        return field.equals(".") ? "" : new String(Base64.getDecoder().decode(field), StandardCharsets.UTF_8);
    }

    private static String encode(Object value) {
        if (value == null) {
            return "-";
        }
        return value.toString().isEmpty() ? "." : Base64.getEncoder().encodeToString(value.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static Map<String, String> headers(String field) {
        Map<String, String> headers = new LinkedHashMap<>();
        if (!field.equals("-")) {
            for (String header : field.split(",")) {
                String[] parts = header.split(":", 2);
                headers.put(decode(parts[0]), decode(parts[1]));
            }
        }
        return headers;
    }

    private static String render(List<VelocityEngine> engines, Map<String, String> templates, String line) {
        String[] fields = line.split(" ");
        String template = templates.get(fields[0]);
        String first = null;
        for (VelocityEngine engine : engines) {
            Map<String, Object> override = new HashMap<>(Map.of("header", new HashMap<String, Object>()));
            Map<String, Object> context = new HashMap<>();
            context.put("extendedRequestId", decode(fields[1]));
            context.put("requestId", decode(fields[2]));
            context.put("requestTimeEpoch", decode(fields[3]));
            context.put("xrayTraceId", decode(fields[4]));
            context.put("responseOverride", override);
            VelocityContext velocity = new VelocityContext();
            velocity.put("input", new Input(decode(fields[7]), decode(fields[5]), headers(fields[6])));
            velocity.put("util", new Util());
            velocity.put("context", context);
            StringWriter out = new StringWriter();
            engine.evaluate(velocity, out, fields[0], template);
            Object secret = ((Map<?, ?>) override.get("header")).get("X-Hook-Secret");
            String answer = "ok " + encode(out) + " " + encode(override.get("status")) + " " + encode(secret);
            if (first != null && !first.equals(answer)) {
                throw new IllegalStateException("the space around directives makes a difference: " + out);
            }
            first = answer;
        }
        return first;
    }

    public static void main(String[] folder) throws Exception {
        Map<String, String> templates = new HashMap<>();
        for (String name : List.of("envelope", "taken", "refused")) {
            templates.put(name, Files.readString(Path.of(folder[0], name + ".vtl")));
        }
        List<VelocityEngine> engines = engines();
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String answer;
            try {
                answer = render(engines, templates, line);
            } catch (Exception reason) {
                answer = "error " + encode(reason);
            }
            out.println(answer);
        }
    }
}
